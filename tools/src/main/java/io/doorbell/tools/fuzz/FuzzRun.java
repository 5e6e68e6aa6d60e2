package io.doorbell.tools.fuzz;

import io.doorbell.tools.cli.ExitCode;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;

/** Plays inputs until enough frames have gone in, or until one of them finds something. */
final class FuzzRun {
    private static final long HANG_NANOS = 30_000_000_000L;
    private static final long PROGRESS_NANOS = 10_000_000_000L;

    private final PrintWriter out;
    private final Trace trace;
    private final long seed;
    private final SplittableRandom random;
    private final Corpus corpus = new Corpus();
    private final long began = System.nanoTime();
    private volatile byte[] playing;
    private volatile long playingSince;
    private long frames;
    private long sessions;

    /** @param trace where to tell every frame, null for nowhere */
    FuzzRun(long seed, PrintWriter out, Trace trace) {
        this.trace = trace;
        this.seed = seed;
        this.out = out;
        this.random = new SplittableRandom(seed);
    }

    /** @return the exit code */
    int run(List<byte[]> kept, long wanted) {
        out.println("fuzz: seed " + seed + ", " + kept.size() + " inputs kept, " + wanted + " frames");
        watch();
        for (byte[] input : kept) {
            if (!play(input)) {
                return ExitCode.FAILED;
            }
        }
        long next = began + PROGRESS_NANOS;
        while (frames < wanted) {
            if (!play(corpus.next(random))) {
                return ExitCode.FAILED;
            }
            if (System.nanoTime() > next) {
                next += PROGRESS_NANOS;
                progress();
            }
        }
        progress();
        out.println("fuzz: clean");
        out.flush();
        playing = null;
        return ExitCode.OK;
    }

    private void progress() {
        double seconds = (System.nanoTime() - began) / 1e9;
        out.printf("fuzz: %,d frames in %,d sessions, %.0f s, %,.0f frames/s, %,d edges, %,d inputs kept%n", frames,
                sessions, seconds, frames / seconds, Edges.known(), corpus.inputs().size());
        out.flush();
    }

    private boolean play(byte[] input) {
        playingSince = System.nanoTime();
        playing = input;
        Edges.clear();
        sessions++;
        try {
            Session session = new Session(input, trace);
            session.play();
            frames += session.frames();
        } catch (RuntimeException | StackOverflowError | AssertionError found) {
            report(found, input);
            return false;
        }
        if (Edges.news()) {
            corpus.add(input);
        }
        return true;
    }

    private void report(Throwable found, byte[] input) {
        playing = null;
        byte[] shortest = shortest(input, found);
        out.println("fuzz: FOUND after " + frames + " frames: " + found);
        for (StackTraceElement element : Arrays.stream(found.getStackTrace()).limit(12).toList()) {
            out.println("    at " + element);
        }
        out.println("Replay it: tools/fuzz --input " + HexFormat.of().formatHex(shortest));
        out.println("The run, as long as the code is the same: tools/fuzz --seed " + seed);
        out.flush();
    }

    /** Leaves pieces out as long as the same thing is still found. */
    private static byte[] shortest(byte[] input, Throwable found) {
        byte[] best = input;
        for (int size = Math.max(1, input.length / 2); size > 0; size /= 2) {
            for (int at = 0; at + size <= best.length; ) {
                byte[] shorter = new byte[best.length - size];
                System.arraycopy(best, 0, shorter, 0, at);
                System.arraycopy(best, at + size, shorter, at, shorter.length - at);
                if (same(shorter, found)) {
                    best = shorter;
                } else {
                    at += size;
                }
            }
        }
        return best;
    }

    private static boolean same(byte[] input, Throwable found) {
        try {
            new Session(input, null).play();
            return false;
        } catch (RuntimeException | StackOverflowError | AssertionError again) {
            return again.getClass() == found.getClass() && kind(again).equals(kind(found));
        }
    }

    private static String kind(Throwable thrown) {
        return String.valueOf(thrown.getMessage()).replaceAll("[0-9]+", "");
    }

    /** An endless loop inside one poll can only be seen from another thread. */
    private void watch() {
        Thread thread = new Thread(() -> {
            while (true) {
                byte[] input = playing;
                if (input != null && System.nanoTime() - playingSince > HANG_NANOS) {
                    out.println("fuzz: FOUND: an input that does not end");
                    out.println("Replay it: tools/fuzz --input " + HexFormat.of().formatHex(input));
                    out.flush();
                    Runtime.getRuntime().halt(ExitCode.FAILED);
                }
                try {
                    Thread.sleep(1_000);
                } catch (InterruptedException stop) {
                    return;
                }
            }
        }, "fuzz-watch");
        thread.setDaemon(true);
        thread.start();
    }

    /** Writes the fewest inputs, the shortest first, that still take all edges. */
    void save(Path file) throws IOException {
        List<byte[]> fewest = Distilled.of(corpus.inputs());
        Files.writeString(file, Corpus.format(fewest));
        out.println("fuzz: " + fewest.size() + " inputs written to " + file);
        out.flush();
    }
}
