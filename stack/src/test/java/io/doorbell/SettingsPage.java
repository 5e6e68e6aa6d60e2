package io.doorbell;

import io.doorbell.tcp.ConnectionOptions;
import java.io.IOException;
import java.lang.reflect.RecordComponent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The table of all settings: names and defaults as the running code has them, meanings as the source's comments tell. */
final class SettingsPage {
    static final String BEGIN = "<!-- SETTINGS -->\n";
    static final String END = "<!-- END OF SETTINGS -->\n";

    private static final Pattern PARAM = Pattern.compile("@param (\\w+)\\s+(.*?)(?=@param|\\*/)", Pattern.DOTALL);
    private static final Pattern TAG = Pattern.compile("\\{@\\w+ (?:[\\w.]*#)?([^}]*)}");
    private static final long SECOND = 1_000_000_000L;

    private final Path sources;
    private final Set<String> ofConnections = Arrays.stream(ConnectionOptions.class.getRecordComponents())
            .map(RecordComponent::getName).collect(Collectors.toSet());

    /** @param sources the root of the main sources */
    SettingsPage(Path sources) {
        this.sources = sources;
    }

    /** The table between its markers, for the settings in {@code defaults}; a setting that is a record has a row for each. */
    String table(Record defaults) throws IOException {
        List<String> rows = new ArrayList<>();
        rows.add("| setting | default | for one connection | what it is |");
        rows.add("| --- | --- | --- | --- |");
        rows(defaults, "", rows);
        return BEGIN + String.join("\n", rows) + "\n" + END;
    }

    private void rows(Record values, String prefix, List<String> rows) throws IOException {
        Map<String, String> meanings = meanings(values.getClass());
        for (RecordComponent component : values.getClass().getRecordComponents()) {
            String name = prefix + component.getName();
            String meaning = meanings.get(component.getName());
            if (meaning == null) {
                throw new AssertionError(values.getClass().getSimpleName() + " has no @param for " + component.getName());
            }
            Object value = value(component, values);
            if (value instanceof Record nested) {
                rows(nested, name + ".", rows);
            } else {
                boolean chosen = ofConnections.contains(name.replaceFirst("\\..*", ""));
                rows.add("| `" + name + "` | " + text(component.getName(), value) + " | " + (chosen ? "yes" : "")
                        + " | " + meaning + " |");
            }
        }
    }

    private static Object value(RecordComponent component, Record values) {
        try {
            return component.getAccessor().invoke(values);
        } catch (ReflectiveOperationException broken) {
            throw new AssertionError(broken);
        }
    }

    /** What the comment of a record says of each component, in one line. */
    private Map<String, String> meanings(Class<?> type) throws IOException {
        String source = Files.readString(sources.resolve(type.getName().replace('.', '/') + ".java"));
        String comment = source.substring(source.indexOf("/**"), source.indexOf("public record"));
        Map<String, String> meanings = new LinkedHashMap<>();
        Matcher matcher = PARAM.matcher(comment);
        while (matcher.find()) {
            String line = matcher.group(2).replaceAll("\\s*\\n \\* *", " ").strip();
            meanings.put(matcher.group(1), TAG.matcher(line).replaceAll("`$1`"));
        }
        return meanings;
    }

    /** A value as people write it, with the unit that its name tells. */
    static String text(String name, Object value) {
        if (value instanceof Boolean on) {
            return on ? "yes" : "no";
        }
        if (value instanceof Enum<?> choice) {
            return choice.name().toLowerCase(Locale.ROOT).replace('_', ' ');
        }
        long number = ((Number) value).longValue();
        if (name.endsWith("Nanos")) {
            return number == 0 ? "0" : number % (3600 * SECOND) == 0 ? number / (3600 * SECOND) + " h"
                    : number % (60 * SECOND) == 0 && number > 120 * SECOND ? number / (60 * SECOND) + " min"
                    : number % SECOND == 0 ? number / SECOND + " s"
                    : number % 1_000_000 == 0 ? number / 1_000_000 + " ms" : number + " ns";
        }
        if (name.endsWith("Bytes") && number > 0) {
            return number % (1 << 20) == 0 ? number / (1 << 20) + " MiB"
                    : number % (1 << 10) == 0 ? number / (1 << 10) + " KiB" : number + " bytes";
        }
        return Long.toString(number);
    }
}
