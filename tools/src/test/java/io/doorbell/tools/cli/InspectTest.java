package io.doorbell.tools.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.Connection;
import io.doorbell.ConnectionHandler;
import io.doorbell.TcpStack;
import io.doorbell.link.PipeLink;
import io.doorbell.run.IdleStrategy;
import io.doorbell.run.PublishedFile;
import io.doorbell.run.StackRunner;
import io.doorbell.tcp.CloseReason;
import io.doorbell.tcp.Grant;
import io.doorbell.tcp.GrantOptions;
import io.doorbell.tools.RequiresRoot;
import io.doorbell.tools.inspect.StackDirectory;
import io.doorbell.tools.pcap.Capture;
import java.io.File;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.Writer;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** Two stacks on a cable in memory, each on its own thread; the server's is looked at as an operator does. */
class InspectTest {
    private static final int PORT = 7;

    @TempDir
    private Path parent;
    private Path directory;
    private PipeLink.Pair pair;
    private PublishedFile file;
    private StackRunner server;
    private StackRunner client;
    private TcpStack clientStack;
    private volatile Connection connection;
    private volatile Connection served;
    private volatile boolean closeByServer;
    private final CountDownLatch connected = new CountDownLatch(1);
    private final CountDownLatch echoed = new CountDownLatch(1);
    private final CountDownLatch ended = new CountDownLatch(1);
    private final AtomicReference<CloseReason> reason = new AtomicReference<>();

    /** Sends back what comes. */
    private final class Echo implements ConnectionHandler {
        @Override
        public int data(Connection c, MemorySegment memory, long offset, int length) {
            served = c;
            if (closeByServer) {
                c.close();
                return length;
            }
            return Math.max(0, c.write(memory, offset, length));
        }
    }

    private final class Asking implements ConnectionHandler {
        @Override
        public void connected(Connection c) {
            connection = c;
            c.send(new byte[1000], 0, 1000);
            connected.countDown();
        }

        @Override
        public int data(Connection c, MemorySegment memory, long offset, int length) {
            echoed.countDown();
            return length;
        }

        @Override
        public void peerClosed(Connection c) {
            c.close();
        }

        @Override
        public void closed(Connection c, CloseReason why) {
            reason.set(why);
            ended.countDown();
        }
    }

    private record Run(int exitCode, String output, String errors) {
    }

    private Run run(String... arguments) {
        StringWriter output = new StringWriter();
        StringWriter errors = new StringWriter();
        CommandLine line = StackCli.commandLine();
        line.setOut(new PrintWriter(output, true));
        line.setErr(new PrintWriter(errors, true));
        String[] all = java.util.Arrays.copyOf(arguments, arguments.length + 2);
        all[arguments.length] = "--dir";
        all[arguments.length + 1] = directory.toString();
        int exitCode = line.execute(all);
        return new Run(exitCode, output.toString(), errors.toString());
    }

    private String right(String... arguments) {
        Run run = run(arguments);
        assertEquals(0, run.exitCode(), run.errors());
        return run.output();
    }

    @BeforeEach
    void start() throws IOException, InterruptedException {
        directory = parent.resolve("stacks");
        pair = PipeLink.pair();
        file = PublishedFile.open(directory, 16, 1 << 16);
        TcpStack stack = TcpStack.on(pair.left()).address("10.9.0.1/24").inspection(file.block()).build();
        server = StackRunner.start(stack, IdleStrategy.PARK, () -> stack.listen(PORT, c -> new Echo()));
        clientStack = TcpStack.on(pair.right()).address("10.9.0.2/24").build();
        client = StackRunner.start(clientStack, IdleStrategy.PARK,
                () -> clientStack.connect("10.9.0.1", PORT, new Asking()));
        assertTrue(connected.await(30, TimeUnit.SECONDS));
        assertTrue(echoed.await(30, TimeUnit.SECONDS));
        // The ACK of the echo may still be on its way: rows show it a few polls later.
        for (int i = 0; i < 1000 && !right("ss", pid()).contains("bytes_acked:1000"); i++) {
            Thread.sleep(10);
        }
    }

    @AfterEach
    void stop() throws IOException {
        client.close();
        server.close();
        file.close();
        pair.close();
    }

    private String pid() {
        return StackDirectory.name(file.path());
    }

    @Test
    void theFileIsItsOwnersAloneAndGoesWithTheStack() throws IOException {
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file.path())));
        assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(directory)));
        server.close();
        file.close();
        assertFalse(Files.exists(file.path()));
        assertTrue(run("ss", pid()).errors().startsWith("stack-cli: no stack " + pid()));
    }

    @Test
    void listShowsTheStackAndItsLink() {
        String text = right("list");
        assertTrue(text.contains(pid()) && text.contains("running") && text.contains("10.9.0.1")
                && text.contains("pipe"), text);
        assertTrue(right("list", "--json").contains("\"condition\" : \"running\""));
    }

    @Test
    void ssShowsALineForTheConnectionAndFilters() {
        String text = right("ss", pid());
        assertEquals(2, text.lines().count(), text);
        assertTrue(text.contains("ESTAB") && text.contains("10.9.0.1:7") && text.contains("10.9.0.2:")
                && text.contains("bytes_received:1000") && text.contains("bytes_acked:1000") && text.contains("cubic")
                && text.contains("limited:application"), text);
        assertEquals(text, right("ss", "-tin", pid()));
        assertEquals(2, right("ss", pid(), "--port", "7", "--state", "estab", "--address", "10.9.0.2").lines().count());
        assertEquals(text.lines().skip(1).toList(), right("ss", "-tanH", pid()).lines().toList());
        assertEquals(1, right("ss", pid(), "--port", "8").lines().count());
        assertEquals(1, right("ss", pid(), "--state", "time-wait").lines().count());
        assertEquals(1, right("ss", pid(), "--address", "10.9.0.3").lines().count());
        assertTrue(right("ss", pid(), "--json").contains("\"snd.una\""));
    }

    @Test
    void showTellsEverythingAboutOneConnection() {
        String text = right("show", pid(), "1");
        for (String each : new String[] {"snd.una", "snd.wnd", "rcv.nxt", "cwnd", "ssthresh", "srtt.nanos", "rto.nanos",
            "limited by                  application: all that was handed over is sent", "window-scaling",
            "(ISS + 1001)", "(IRS + 1001)", "opened it"}) {
            assertTrue(text.contains(each), each + " in " + text);
        }
        assertEquals(List.of("identity", "sending", "receiving", "congestion and loss", "times and timers",
                "messages and templates"), text.lines().skip(1).filter(line -> line.matches("[a-z].*")).toList());
        assertTrue(ShowText.notShown().isEmpty(), "in no section: " + ShowText.notShown());
        assertEquals(text.lines().findFirst(), right("show", pid(), "10.9.0.2:" + connection.localPort()).lines().findFirst());
        Run none = run("show", pid(), "99");
        assertEquals(3, none.exitCode());
        assertTrue(none.errors().contains("no connection 99"), none.errors());
    }

    @Test
    void aGrantIsShownFromItsBeginningToItsRecall() throws InterruptedException {
        assertFalse(right("show", pid(), "1").contains("sends by an engine"));
        assertTrue(server.execute(() -> served.attach(served.grant(GrantOptions.of(700)))));
        shows("sends by an engine          700 bytes granted, limited by none, 0 sent\n");
        String line = right("ss", pid()).lines().toList().getLast();
        assertTrue(line.endsWith("limited:application granted"), line);
        assertTrue(server.execute(() -> ((Grant) served.attachment()).recall(Long.MAX_VALUE)));
        shows("sends by an engine          700 bytes granted, limited by none, 0 sent, recalled\n");
        assertTrue(right("ss", pid()).strip().endsWith("granted recalled"));
        assertTrue(right("show", pid(), "1", "--json").contains("\"granted.bytes\" : 700"));
    }

    private void shows(String what) throws InterruptedException {
        for (int i = 0; i < 1000 && !right("show", pid(), "1").contains(what); i++) {
            Thread.sleep(10);
        }
        String text = right("show", pid(), "1");
        assertTrue(text.contains(what), text);
    }

    @Test
    void statsTellsCountersDropsListenersAndTheLink() {
        String text = right("stats", pid(), "--all");
        assertTrue(text.contains("tcp.passive.opens                   1") && text.contains("drop.tcp.checksum")
                && text.contains("link.doorbells") && text.contains("port 7") && text.contains("accepted"), text);
        assertTrue(right("stats", pid(), "--json").contains("\"tcp.passive.opens\" : 1"));
    }

    @Test
    void topShowsTheConnection() {
        String text = right("top", pid(), "--iterations", "2", "--interval", "0.05");
        assertEquals(2, text.lines().filter(line -> line.contains("10.9.0.1:7")).count(), text);
        assertTrue(right("top", pid(), "--iterations", "1", "--interval", "0.05", "--json").contains("outBytesPerSecond"));
    }

    @Test
    @Timeout(120)
    void topEndsWhenNobodyReadsItAnyMore() {
        CommandLine line = StackCli.commandLine();
        line.setOut(new PrintWriter(new Writer() {
            @Override
            public void write(char[] text, int offset, int length) throws IOException {
                throw new IOException("Broken pipe");
            }

            @Override
            public void flush() {
            }

            @Override
            public void close() {
            }
        }));
        assertEquals(0, line.execute("top", pid(), "-d", "0.05", "--dir", directory.toString()));
    }

    @Test
    void whatHasNoRowIsListedAllTheSame() throws InterruptedException {
        // The server closes first, so that TIME-WAIT is its own.
        closeByServer = true;
        client.execute(() -> connection.send(new byte[1], 0, 1));
        assertTrue(ended.await(30, TimeUnit.SECONDS));
        for (int i = 0; i < 1000 && !right("ss", pid()).contains("TIME-WAIT"); i++) {
            Thread.sleep(10);
        }
        String text = right("ss", pid(), "--state", "time-wait", "--port", "7");
        assertEquals(2, text.lines().count(), text);
        assertTrue(text.contains("10.9.0.2:" + connection.localPort()) && text.contains("timer:(timewait,"), text);
        assertTrue(right("ss", pid(), "--json").contains("\"stateName\" : \"TIME-WAIT\""));
        assertEquals(1, right("ss", pid(), "--state", "syn-recv").lines().count());
    }

    @Test
    void killResetsTheConnection() throws InterruptedException {
        String text = right("kill", pid(), "1");
        assertTrue(text.startsWith("Reset 10.9.0.1:7 -> 10.9.0.2:"), text);
        assertTrue(ended.await(30, TimeUnit.SECONDS));
        assertEquals(CloseReason.RESET_BY_PEER, reason.get());
        assertEquals(1, right("ss", pid()).lines().count());
        assertEquals(3, run("kill", pid(), "1").exitCode());
    }

    @Test
    @RequiresRoot
    void rootMayKillAndCaptureForOthers() throws IOException {
        Files.setAttribute(file.path(), "unix:uid", 65534);
        right("capture", pid(), "-w", parent.resolve("x").toString(), "--seconds", "0.1");
        assertTrue(right("kill", pid(), "1").startsWith("Reset 10.9.0.1:7"));
    }

    /** A process of the user nobody, with copies of the classes: the build may lie where that user cannot look. */
    private Run nobody(String... arguments) throws IOException, InterruptedException {
        Path classes = parent.resolve("classes");
        if (!Files.exists(classes)) {
            for (String each : System.getProperty("java.class.path").split(File.pathSeparator)) {
                if (each.matches(".*(picocli|jackson|HdrHistogram).*\\.jar|.*/classes/?|.*doorbell-(stack|xdp|tools)[^/]*\\.jar")) {
                    copy(Path.of(each), classes.resolve(Path.of(each).toString().replace('/', '_')));
                }
            }
        }
        List<String> command = new ArrayList<>(List.of("setpriv", "--reuid", "65534", "--regid", "65534",
                "--clear-groups", System.getProperty("java.home") + "/bin/java", "-Xshare:auto", "-cp"));
        try (Stream<Path> all = Files.list(classes)) {
            command.add(all.map(Path::toString).collect(Collectors.joining(File.pathSeparator)));
        }
        command.add(StackCli.class.getName());
        command.addAll(List.of(arguments));
        command.addAll(List.of("--dir", directory.toString()));
        Script.Result result = Script.finish(new ProcessBuilder(command).directory(new File("/"))
                .redirectErrorStream(true).start());
        return new Run(result.exitCode(), "", result.output());
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> all = Files.walk(from)) {
            for (Path each : all.toList()) {
                Path target = each.equals(from) ? to : to.resolve(from.relativize(each).toString());
                Files.createDirectories(target.getParent());
                Files.copy(each, target, StandardCopyOption.REPLACE_EXISTING);
            }
        }
    }

    @Test
    @RequiresRoot
    void anotherUserIsToldWhoseTheStackIs() throws IOException, InterruptedException {
        Files.setPosixFilePermissions(parent, PosixFilePermissions.fromString("rwxr-xr-x"));
        Run closed = nobody("ss", pid());
        assertEquals(3, closed.exitCode(), closed.errors());
        assertTrue(closed.errors().contains(directory + "] is somebody else's"), closed.errors());
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
        for (String[] each : new String[][] {{"ss", pid()}, {"kill", pid(), "1"}, {"capture", pid(), "-w", "/dev/null"}}) {
            Run refused = nobody(each);
            assertEquals(3, refused.exitCode(), refused.errors());
            assertTrue(refused.errors().startsWith("stack-cli: " + file.path() + " is somebody else's"), refused.errors());
            assertEquals(1, refused.errors().lines().count(), refused.errors());
        }
        assertTrue(right("ss", pid()).contains("ESTAB"), "nobody may have done anything");
    }

    /** Small sends until it is interrupted: however late a capture begins, there is something to capture. */
    private Thread traffic() {
        return Thread.ofPlatform().daemon().start(() -> {
            while (!Thread.currentThread().isInterrupted()) {
                client.execute(() -> connection.send(new byte[100], 0, 100));
                try {
                    Thread.sleep(20);
                } catch (InterruptedException e) {
                    return;
                }
            }
        });
    }

    @Test
    void captureRecordsBothDirections() throws IOException, InterruptedException {
        Path pcap = parent.resolve("out.pcap");
        Thread traffic = traffic();
        Run run = run("capture", pid(), "-w", pcap.toString(), "--count", "10", "--seconds", "30", "tcp", "and", "port", "7");
        traffic.interrupt();
        traffic.join();
        assertEquals(0, run.exitCode(), run.errors());
        assertTrue(run.errors().contains("10 frames captured, 0 lost"), run.errors());
        try (Capture capture = Capture.open(pcap)) {
            assertEquals(1, capture.connections().size());
            assertTrue(capture.connections().getFirst().client().payloadBytes() > 0);
            assertTrue(capture.connections().getFirst().server().payloadBytes() > 0);
        }
        assertEquals(2, run("capture", pid(), "-w", pcap.toString(), "nonsense").exitCode());
    }

    @Test
    void aCaptureThatCannotBeWrittenSaysWhy() {
        Path nowhere = parent.resolve("nowhere").resolve("x");
        Run run = run("capture", pid(), "-w", nowhere.toString(), "--seconds", "0.1");
        assertEquals(3, run.exitCode());
        assertEquals("stack-cli: cannot write to " + nowhere + ": its directory does not exist", run.errors().strip());
        run = run("capture", pid(), "-w", parent.toString(), "--seconds", "0.1");
        assertEquals("stack-cli: cannot write to " + parent + ": Is a directory", run.errors().strip());
        run = run("capture", pid(), "-w", "/dev/full", "--seconds", "0.1");
        assertEquals(3, run.exitCode());
        assertTrue(run.errors().endsWith("stack-cli: cannot write to /dev/full: No space left on device\n"), run.errors());
    }

    @Test
    void aCaptureDoesNotOverwriteTheStacksOwnFile() throws IOException {
        Path link = Files.createSymbolicLink(parent.resolve("link"), file.path());
        long length = Files.size(file.path());
        for (Path each : new Path[] {file.path(), link}) {
            Run run = run("capture", pid(), "-w", each.toString(), "--seconds", "0.1");
            assertEquals(2, run.exitCode());
            assertTrue(run.errors().contains("is where the stack shows itself"), run.errors());
        }
        assertEquals(length, Files.size(file.path()));
    }

    @Test
    void aFilterSeesMoreThanIsKept() throws IOException, InterruptedException {
        Path pcap = parent.resolve("short.pcap");
        Thread traffic = traffic();
        Run run = run("capture", pid(), "-w", pcap.toString(), "--count", "5", "-s", "20", "--seconds", "60", "port", "7");
        traffic.interrupt();
        traffic.join();
        assertTrue(run.errors().contains("5 frames captured"), run.errors());
        assertEquals(24 + 5 * (16 + 20), Files.size(pcap));
    }

    @Test
    void aStackThatIsNoLongerPolledKeepsItsLastState() throws IOException, InterruptedException {
        // The file outlives the stack here, as it does when a process dies; the copy says so of a process that is gone.
        Path other = directory.resolve("999999999.stack");
        byte[] bytes = Files.readAllBytes(file.path());
        java.nio.ByteBuffer.wrap(bytes).order(java.nio.ByteOrder.nativeOrder()).putLong(24, 999_999_999L);
        Files.write(other, bytes);
        Run dead = run("ss", "999999999");
        assertEquals(0, dead.exitCode());
        assertTrue(dead.errors().contains("died") && dead.errors().contains("last state"), dead.errors());
        assertTrue(dead.output().contains("10.9.0.1:7"), dead.output());
        assertEquals(3, run("kill", "999999999", "1").exitCode());
        right("list", "--remove-dead");
        assertFalse(Files.exists(other));
        Files.write(other, new byte[100]);
        assertEquals(1, run("list").exitCode());
        Run removed = run("list", "--remove-dead");
        assertTrue(removed.errors().contains("removed, since its process is no more"), removed.errors());
        assertFalse(Files.exists(other));
        Path alive = Files.write(directory.resolve(ProcessHandle.current().pid() + ".99.stack"), new byte[100]);
        assertEquals(1, run("list", "--remove-dead").exitCode());
        assertTrue(Files.exists(alive), "its process lives");
        Files.delete(alive);
        Path still = directory.resolve("1000.stack");
        Files.write(still, Files.readAllBytes(file.path()));
        Thread.sleep(1200);
        assertTrue(right("list").lines().anyMatch(line -> line.startsWith("1000 ") && line.contains("not polled")));
    }
}
