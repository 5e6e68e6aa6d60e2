package io.doorbell.tools.bench;

import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** What can be said about every benchmark. */
final class RunOptions {
    private static final double NANOS_PER_SECOND = 1e9;

    @Option(names = "--json", description = "Print a JSON object for each case as the last lines.")
    boolean json;

    @Option(names = "--rounds", paramLabel = "N", defaultValue = "9", converter = CountConverter.class,
            description = "Measure each contestant N times, in turn with the others (default: ${DEFAULT-VALUE}).")
    int rounds;

    @Option(names = "--seconds", paramLabel = "S", defaultValue = "1", converter = SecondsConverter.class,
            description = "Length of a round (default: ${DEFAULT-VALUE}).")
    double seconds;

    @Option(names = "--warm-up", paramLabel = "S", defaultValue = "3", converter = SecondsConverter.class,
            description = "How long each contestant runs before the first round (default: ${DEFAULT-VALUE}).")
    double warmUpSeconds;

    @Option(names = "--cpus", paramLabel = "A,B", converter = ProcessorsConverter.class,
            description = "Tie the two ends to these processors (default: the first two that may be used).")
    private Processors processors;

    Rounds plan() {
        return new Rounds(rounds, (long) (seconds * NANOS_PER_SECOND), (long) (warmUpSeconds * NANOS_PER_SECOND));
    }

    Processors processors() {
        return processors != null ? processors : Processors.allowed();
    }

    /** A count of rounds. */
    static final class CountConverter implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String text) {
            if (!text.matches("[1-9][0-9]{0,4}")) {
                throw new TypeConversionException("'" + text + "' is not a number of rounds: give 1 or more");
            }
            return Integer.valueOf(text);
        }
    }

    /** A length of time. */
    static final class SecondsConverter implements ITypeConverter<Double> {
        @Override
        public Double convert(String text) {
            if (!text.matches("[0-9]{1,4}(\\.[0-9]{1,3})?") || Double.parseDouble(text) < 0.01) {
                throw new TypeConversionException("'" + text + "' is not a time: give seconds, 0.01 or more");
            }
            return Double.valueOf(text);
        }
    }

    /** Two processors. */
    static final class ProcessorsConverter implements ITypeConverter<Processors> {
        @Override
        public Processors convert(String text) {
            if (!text.matches("[0-9]{1,4},[0-9]{1,4}")) {
                throw new TypeConversionException("'" + text + "' does not name two processors: write them like 0,1");
            }
            String[] numbers = text.split(",");
            Processors two = new Processors(Integer.parseInt(numbers[0]), Integer.parseInt(numbers[1]));
            if (two.first() == two.second()) {
                throw new TypeConversionException("both ends spin: they need two different processors");
            }
            return two;
        }
    }
}
