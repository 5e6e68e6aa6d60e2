package io.doorbell.tools.cli;

import io.doorbell.Connection;
import io.doorbell.ConnectionHandler;
import io.doorbell.TcpStack;
import io.doorbell.link.PipeLink;
import io.doorbell.run.IdleStrategy;
import io.doorbell.run.PublishedFile;
import io.doorbell.run.StackRunner;
import io.doorbell.tools.inspect.StackDirectory;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Every command that needs no privileges, once: the JVM notes what they use, so that they start faster from then on. It is
 * what {@code tools/stack-cli} runs after a build. Nothing depends on it, and a command that fails has shown its part.
 */
final class Rehearsal {
    private static final int PORT = 7;
    private static final int CONNECTIONS = 100;
    private static final int RING_BYTES = 1 << 20;
    private static final long CONNECT_SECONDS = 20;
    private static final String CAPTURE = "out.pcap";

    private final CountDownLatch answered = new CountDownLatch(CONNECTIONS);
    private boolean failed;

    private Rehearsal() {
    }

    /** The program. */
    public static void main(String[] args) throws IOException, InterruptedException {
        run();
        System.exit(ExitCode.OK);
    }

    /** Whether all of them did what they should. */
    static boolean run() throws IOException, InterruptedException {
        Rehearsal rehearsal = new Rehearsal();
        rehearsal.command("demo", "--link", "pipe", "--size", "1M", "--seed", "1");
        Path directory = Files.createTempDirectory("doorbell-rehearsal");
        try {
            rehearsal.inspect(directory);
        } finally {
            Files.deleteIfExists(directory.resolve(CAPTURE));
            Files.delete(directory);
        }
        return !rehearsal.failed;
    }

    private void command(String... words) {
        failed |= StackCli.commandLine(words[0]).execute(words) != ExitCode.OK;
    }

    private void inspect(Path directory) throws IOException, InterruptedException {
        PipeLink.Pair pair = PipeLink.pair();
        PublishedFile file = PublishedFile.open(directory, CONNECTIONS, RING_BYTES);
        TcpStack stack = TcpStack.on(pair.left()).address("10.77.0.2/24").inspection(file.block()).build();
        TcpStack peer = TcpStack.on(pair.right()).address("10.77.0.3/24").build();
        StackRunner server = StackRunner.start(stack, IdleStrategy.PARK, () -> stack.listen(PORT, c -> new Echo()));
        StackRunner client = StackRunner.start(peer, IdleStrategy.PARK, () -> {
            for (int i = 0; i < CONNECTIONS; i++) {
                peer.connect("10.77.0.2", PORT, new Asking());
            }
        });
        failed |= !answered.await(CONNECT_SECONDS, TimeUnit.SECONDS);
        look(StackDirectory.name(file.path()), directory);
        client.close();
        server.close();
        file.close();
        pair.close();
    }

    private void look(String stack, Path directory) {
        for (String line : List.of("list", "list --json", "ss", "ss --json", "ss " + stack + " --state established",
                "show " + stack + " 1", "show " + stack + " 1 --json", "stats", "stats --all --json",
                "top " + stack + " --iterations 2 --interval 0.1", "kill " + stack + " 2",
                "capture " + stack + " -w " + directory.resolve(CAPTURE) + " --seconds 0.2 tcp and port " + PORT)) {
            List<String> words = new ArrayList<>(Arrays.asList(line.split(" ")));
            words.addAll(1, List.of("--dir", directory.toString()));
            command(words.toArray(String[]::new));
        }
    }

    private static final class Echo implements ConnectionHandler {
        @Override
        public int data(Connection c, MemorySegment memory, long offset, int length) {
            return Math.max(0, c.write(memory, offset, length));
        }
    }

    private final class Asking implements ConnectionHandler {
        @Override
        public void connected(Connection c) {
            c.send(new byte[1000], 0, 1000);
        }

        @Override
        public int data(Connection c, MemorySegment memory, long offset, int length) {
            answered.countDown();
            return length;
        }
    }
}
