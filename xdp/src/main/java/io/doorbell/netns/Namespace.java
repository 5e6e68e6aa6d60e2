package io.doorbell.netns;

import io.doorbell.xdp.ffi.Errno;
import io.doorbell.xdp.ffi.Libc;
import io.doorbell.xdp.ffi.SystemCallException;
import java.lang.foreign.Arena;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;

import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A network namespace that this process made for itself (ip-netns(8)): demos, tests and benchmarks play in one and
 * leave nothing behind. Removed by {@link #close}, and when the JVM ends in an orderly way without it. Needs root and
 * the package iproute2. Any thread may use it.
 */
public final class Namespace implements AutoCloseable {
    private static final AtomicInteger COUNTER = new AtomicInteger();
    private static final Set<Namespace> OPEN = ConcurrentHashMap.newKeySet();

    static {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> List.copyOf(OPEN).forEach(Namespace::closeAtExit)));
    }

    private final String name;

    private Namespace(String name) {
        this.name = name;
    }

    /** A new, empty namespace whose loopback interface is up. */
    public static Namespace create() {
        if (Libc.geteuid() != 0) {
            throw new IllegalStateException("a network namespace can only be made by root: run it with sudo");
        }
        Namespace namespace = new Namespace("db" + ProcessHandle.current().pid() + "n" + COUNTER.incrementAndGet());
        Commands.run("ip", "netns", "add", namespace.name);
        OPEN.add(namespace);
        Commands.run("ip", "-n", namespace.name, "link", "set", "lo", "up");
        return namespace;
    }

    /** As {@code ip netns} shows it. */
    public String name() {
        return name;
    }

    /**
     * Runs {@code task} on a platform thread of its own inside this namespace and waits for it. Sockets opened there,
     * those of {@code java.net} and {@code java.nio} included, and AF_XDP links live in this namespace for good,
     * whichever thread uses them later.
     *
     * @throws IllegalStateException with the cause, when the task failed with a checked exception
     */
    public <T> T call(Callable<T> task) {
        FutureTask<T> inside = new FutureTask<>(() -> {
            enter();
            return task.call();
        });
        Thread thread = new Thread(inside, name);
        thread.start();
        try {
            return inside.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException unchecked) {
                throw unchecked;
            }
            if (e.getCause() instanceof Error error) {
                throw error;
            }
            throw new IllegalStateException(e.getCause().toString(), e.getCause());
        } catch (InterruptedException e) {
            thread.interrupt();
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while waiting for a task in namespace " + name, e);
        }
    }

    /** {@link #call} for a task without a result. */
    public void run(Runnable task) {
        call(() -> {
            task.run();
            return null;
        });
    }

    /** Starts {@code task} on a daemon thread inside this namespace and returns at once. */
    public Thread start(String threadName, Runnable task) {
        Thread thread = new Thread(() -> {
            enter();
            task.run();
        }, threadName);
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    /**
     * Runs a program inside this namespace to its end.
     *
     * @return what it printed
     * @throws IllegalStateException with what it printed, when its status is not 0
     */
    public String exec(String... command) {
        return Commands.run(prefixed(command));
    }

    /** For a program that is to run inside this namespace beside this one; the caller ends it. */
    public ProcessBuilder command(String... command) {
        return new ProcessBuilder(Commands.located(prefixed(command)));
    }

    /** Whether an ICMP echo request from here to a literal IPv4 address is answered in time. */
    public boolean ping(String address, int timeoutMillis) {
        // As root the JDK sends an echo request (InetAddress.isReachable); the program ping may not be installed.
        return call(() -> InetAddress.getByName(address).isReachable(timeoutMillis));
    }

    private List<String> prefixed(String... command) {
        List<String> all = new ArrayList<>(List.of("ip", "netns", "exec", name));
        all.addAll(List.of(command));
        return all;
    }

    /** Moves the calling thread into this namespace; there is no way back for it. */
    private void enter() {
        try (Arena arena = Arena.ofConfined()) {
            String path = "/var/run/netns/" + name;
            int fd = SystemCallException.check("open " + path,
                    Libc.open(Errno.ofThread(), arena.allocateFrom(path), Libc.O_RDONLY | Libc.O_CLOEXEC, 0));
            int result = Libc.setns(Errno.ofThread(), fd, Libc.CLONE_NEWNET);
            Libc.close(Errno.ofThread(), fd);
            SystemCallException.check("setns " + path, result, "entering a namespace needs CAP_SYS_ADMIN: run as root");
        }
    }

    /**
     * Removes it, and with it the interfaces inside. Close links and sockets that live in it before: the kernel keeps
     * a namespace, without its name, as long as one is open. Idempotent.
     */
    @Override
    public void close() {
        if (OPEN.remove(this)) {
            Commands.run("ip", "netns", "delete", name);
        }
    }

    /** One that cannot be removed must not keep the others from being removed. */
    private void closeAtExit() {
        try {
            close();
        } catch (RuntimeException e) {
            System.err.println("namespace " + name + " stays behind: " + e.getMessage());
        }
    }

    @Override
    public String toString() {
        return name;
    }
}
