package io.doorbell.tools.bench;

import java.lang.management.CompilationMXBean;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.util.Locale;

/**
 * What else happened on the two processors while the rounds ran: figures with many of these are not to be trusted.
 *
 * @param preemptions    how often the kernel took a processor from a measuring thread for another one
 * @param collections    garbage collections
 * @param compileMillis  time that the JVM's compilers worked
 */
record Disturbances(long preemptions, long collections, long compileMillis) {
    /** All until now. */
    static Disturbances untilNow(PinnedThreads threads) {
        CompilationMXBean compiler = ManagementFactory.getCompilationMXBean();
        long collections = 0;
        for (GarbageCollectorMXBean collector : ManagementFactory.getGarbageCollectorMXBeans()) {
            collections += collector.getCollectionCount();
        }
        return new Disturbances(threads.preemptions(), collections, compiler.getTotalCompilationTime());
    }

    Disturbances since(Disturbances before) {
        return new Disturbances(preemptions - before.preemptions, collections - before.collections,
                compileMillis - before.compileMillis);
    }

    /**
     * A line for people.
     *
     * @param seconds how long the rounds took together
     */
    String describe(double seconds) {
        String what = String.format(Locale.ROOT, "disturbances in %.0f s: %d preemptions, %d collections, %d ms of compilation",
                seconds, preemptions, collections, compileMillis);
        // A quiet machine still runs a kernel thread now and then.
        return preemptions > 20 * seconds ? what + "\nOther programs used these processors: do not trust the figures."
                : what;
    }
}
