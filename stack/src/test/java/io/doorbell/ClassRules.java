package io.doorbell;

import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** The house rules that compiled classes of the stack show: who may know whom, and what nobody may call. */
final class ClassRules {
    private static final String ROOT = "io.doorbell";

    /** For each room, the rooms below it. A room that is not here does not exist. */
    private static final Map<String, Set<String>> BELOW = Map.of(
            "wire", Set.of(),
            "link", Set.of("wire"),
            "counters", Set.of(),
            "ip", Set.of("wire", "link", "counters"),
            "grant", Set.of("wire", "link"),
            "tcp", Set.of("wire", "link", "counters", "ip", "grant"),
            "", Set.of("wire", "link", "counters", "ip", "grant", "tcp"),
            "sim", Set.of("wire", "link", "counters", "ip", "grant", "tcp", ""),
            "run", Set.of("wire", "link", "counters", "ip", "grant", "tcp", ""));

    /** The only room with a thread and a clock. */
    private static final String WITH_CLOCK = "run";
    private static final List<String> CLOCKS = List.of("java.lang.System.nanoTime", "java.lang.System.currentTimeMillis",
            "java.time.Instant.now", "java.time.Clock.", "java.time.LocalDateTime.now", "java.time.ZonedDateTime.now");
    private static final List<String> THREADS = List.of("java.lang.Thread", "java.lang.Thread$", "java.util.Timer",
            "java.util.concurrent.Executor", "java.util.concurrent.ForkJoin", "java.util.concurrent.locks.",
            "java.util.concurrent.CompletableFuture");
    /** Output to the process's own streams, and native code. */
    private static final List<String> NEVER_CALLED = List.of("java.lang.System.out", "java.lang.System.err",
            "java.lang.System.load", "java.lang.Runtime.", "java.lang.System.exit");
    /** Files, native calls, and the ways around the language. */
    private static final List<String> NEVER_KNOWN = List.of("java.io.File", "java.io.RandomAccessFile", "java.nio.file.",
            "java.nio.channels.FileChannel", "java.net.", "java.lang.foreign.Linker", "java.lang.foreign.SymbolLookup",
            "sun.misc.", "jdk.internal.", "java.lang.Process");

    /** What the room with the clock may know of these: where it shows the stack to others. */
    private static final List<String> FILES = List.of("java.nio.file.", "java.nio.channels.FileChannel",
            "java.lang.ProcessHandle");

    private ClassRules() {
    }

    /** One line for each forbidden dependency or call; empty if there is none. */
    static List<String> violations(JavaClasses classes) {
        List<String> violations = new ArrayList<>();
        for (JavaClass javaClass : classes) {
            String room = room(javaClass.getPackageName());
            if (room == null || !BELOW.containsKey(room)) {
                violations.add(javaClass.getName() + " is in no room of the stack: see the architecture page");
            } else {
                checkDirection(javaClass, room, violations);
                checkCalls(javaClass, room, violations);
            }
        }
        return violations.stream().distinct().sorted().toList();
    }

    private static void checkDirection(JavaClass javaClass, String room, List<String> violations) {
        Set<String> wrong = new TreeSet<>();
        for (Dependency dependency : javaClass.getDirectDependenciesFromSelf()) {
            JavaClass target = dependency.getTargetClass().getBaseComponentType();
            String targetRoom = room(target.getPackageName());
            if (targetRoom != null && !targetRoom.equals(room) && !BELOW.get(room).contains(targetRoom)) {
                wrong.add(target.getName());
            }
        }
        for (String name : wrong) {
            violations.add(javaClass.getName() + " knows " + name + ", which is not below it");
        }
    }

    private static void checkCalls(JavaClass javaClass, String room, List<String> violations) {
        boolean clockAllowed = room.equals(WITH_CLOCK);
        for (JavaAccess<?> access : javaClass.getAccessesFromSelf()) {
            String target = access.getTargetOwner().getName() + "." + access.getTarget().getName();
            if (startsWithAny(target, NEVER_CALLED) || !clockAllowed && startsWithAny(target, CLOCKS)) {
                violations.add(javaClass.getName() + " uses " + target + ", which this room may not");
            }
        }
        for (Dependency dependency : javaClass.getDirectDependenciesFromSelf()) {
            String target = dependency.getTargetClass().getBaseComponentType().getName();
            if (startsWithAny(target, NEVER_KNOWN) && !(clockAllowed && startsWithAny(target, FILES))
                    || !clockAllowed && isThread(target)) {
                violations.add(javaClass.getName() + " knows " + target + ", which this room may not");
            }
        }
    }

    private static boolean isThread(String name) {
        return THREADS.stream().anyMatch(thread -> thread.equals("java.lang.Thread") ? name.equals(thread)
                : name.startsWith(thread));
    }

    private static boolean startsWithAny(String name, List<String> prefixes) {
        return prefixes.stream().anyMatch(name::startsWith);
    }

    /** The room of a package: its first part below the root, empty for the root itself, null outside. */
    private static String room(String packageName) {
        if (packageName.equals(ROOT)) {
            return "";
        }
        if (!packageName.startsWith(ROOT + ".")) {
            return null;
        }
        String below = packageName.substring(ROOT.length() + 1);
        int dot = below.indexOf('.');
        return dot < 0 ? below : below.substring(0, dot);
    }
}
