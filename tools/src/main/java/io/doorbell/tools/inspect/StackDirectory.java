package io.doorbell.tools.inspect;

import io.doorbell.run.PublishedFile;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NotDirectoryException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Where stacks show themselves, and their files by name. */
public final class StackDirectory {
    private final List<Path> directories;
    private final List<Path> closed = new ArrayList<>();

    /** The given directory, or the usual ones if it is null. */
    public StackDirectory(Path chosen) {
        directories = chosen == null ? PublishedFile.directories() : List.of(chosen);
    }

    /** All files that say they show a stack, by name. */
    public List<Path> files() throws IOException {
        List<Path> found = new ArrayList<>();
        closed.clear();
        for (Path directory : directories) {
            try (DirectoryStream<Path> stream = Files.newDirectoryStream(directory, "[0-9]*" + PublishedFile.SUFFIX)) {
                stream.forEach(found::add);
            } catch (AccessDeniedException e) {
                closed.add(directory);
            } catch (NoSuchFileException | NotDirectoryException e) {
                // Nobody shows a stack there.
                continue;
            }
        }
        found.sort(null);
        return found;
    }

    /** The stack's name: its process, and from the second stack of a process on a number behind a dot. */
    public static String name(Path file) {
        String name = file.getFileName().toString();
        return name.endsWith(PublishedFile.SUFFIX) ? name.substring(0, name.length() - PublishedFile.SUFFIX.length()) : name;
    }

    /** The file of the stack that is meant; if none is named, of the only one that runs. */
    public Path find(String name) throws IOException {
        List<Path> files = files();
        if (name != null) {
            for (Path file : files) {
                if (name(file).equals(name)) {
                    return file;
                }
            }
            throw new StackFileException("no stack " + name + " shows itself in " + directories
                    + ": stack-cli list tells which do" + hidden());
        }
        List<Path> running = new ArrayList<>();
        for (Path file : files) {
            try (StackFile stack = StackFile.open(file)) {
                if (stack.condition() == Condition.RUNNING) {
                    running.add(file);
                }
            } catch (StackFileException e) {
                // Not one of those that could be meant; list says what is wrong with it.
                continue;
            }
        }
        if (running.size() != 1) {
            throw new StackFileException(running.isEmpty() ? "no running stack shows itself in " + directories + hidden()
                    : running.size() + " stacks are running: say which one, as stack-cli list names it");
        }
        return running.getFirst();
    }

    /** What the last {@link #files} was not allowed to see, as the end of a message; empty if there was nothing. */
    public String hidden() {
        return closed.isEmpty() ? "" : "; " + closed + " is somebody else's: only its owner and root may look there";
    }

    @Override
    public String toString() {
        return directories.toString();
    }
}
