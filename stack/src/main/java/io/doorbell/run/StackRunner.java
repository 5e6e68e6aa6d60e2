package io.doorbell.run;

import io.doorbell.TcpStack;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CountDownLatch;

/**
 * Polls a stack on a thread of its own, for those who have no loop. From the start on the stack belongs to that thread:
 * other threads reach it through {@link #execute} only.
 */
public final class StackRunner implements AutoCloseable {
    private static final int COMMANDS = 1024;

    private final TcpStack stack;
    private final IdleStrategy idle;
    private final Runnable onStart;
    private final ArrayBlockingQueue<Runnable> commands = new ArrayBlockingQueue<>(COMMANDS);
    private final CountDownLatch stopped = new CountDownLatch(1);
    private final Thread thread;
    private volatile boolean running = true;
    private volatile Throwable failure;

    private StackRunner(TcpStack stack, IdleStrategy idle, Runnable onStart) {
        this.stack = stack;
        this.idle = idle;
        this.onStart = onStart;
        this.thread = new Thread(this::run, "doorbell-stack");
        thread.setDaemon(true);
    }

    /** Starts polling. */
    public static StackRunner start(TcpStack stack, IdleStrategy idle) {
        return start(stack, idle, () -> { });
    }

    /**
     * Starts polling.
     *
     * @param onStart run on the new thread before the first poll: to pin it to a core, or to open listeners
     */
    public static StackRunner start(TcpStack stack, IdleStrategy idle, Runnable onStart) {
        StackRunner runner = new StackRunner(stack, idle, onStart);
        runner.thread.start();
        return runner;
    }

    private void run() {
        try {
            onStart.run();
            int idleCycles = 0;
            while (running) {
                int work = stack.poll(System.nanoTime()) + runCommands();
                if (work > 0) {
                    idleCycles = 0;
                } else {
                    idle.idle(idleCycles++);
                }
            }
        } catch (RuntimeException | Error thrown) {
            failure = thrown;
        } finally {
            end();
        }
    }

    /** Closes the stack. What broke the loop may break this, too: whoever waits for the end is let go all the same. */
    private void end() {
        try {
            stack.close();
        } catch (RuntimeException | Error thrown) {
            if (failure == null) {
                failure = thrown;
            }
        } finally {
            stopped.countDown();
        }
    }

    private int runCommands() {
        int count = 0;
        for (Runnable command = commands.poll(); command != null; command = commands.poll()) {
            command.run();
            count++;
        }
        if (count > 0) {
            stack.flush(System.nanoTime());
        }
        return count;
    }

    /**
     * Has something run on the stack's thread, between two polls.
     *
     * @return false if {@value #COMMANDS} commands are waiting already, or the runner has stopped
     */
    public boolean execute(Runnable command) {
        return running && failure == null && commands.offer(command);
    }

    /** What ended the loop, null while it runs or if it was closed: an exception that a handler or command threw. */
    public Throwable failure() {
        return failure;
    }

    /** Stops polling, closes the stack, and waits for its thread to end. Idempotent. The link stays open. */
    @Override
    public void close() {
        running = false;
        boolean interrupted = false;
        while (Thread.currentThread() != thread) {
            try {
                stopped.await();
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
