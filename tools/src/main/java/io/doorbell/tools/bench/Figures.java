package io.doorbell.tools.bench;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.LinkedHashMap;
import java.util.Map;

/** What a run found out, by the names that programs know it by, in the order in which it was put. */
final class Figures {
    private final Map<String, Object> byName = new LinkedHashMap<>();

    /** A whole number. */
    Figures put(String name, long value) {
        byName.put(name, BigDecimal.valueOf(value));
        return this;
    }

    /** A number, rounded to three decimals. */
    Figures put(String name, double value) {
        byName.put(name, BigDecimal.valueOf(value).setScale(3, RoundingMode.HALF_UP));
        return this;
    }

    /** A word. */
    Figures put(String name, String value) {
        byName.put(name, value);
        return this;
    }

    double get(String name) {
        return ((BigDecimal) byName.get(name)).doubleValue();
    }

    /** One JSON object (RFC 8259) on one line. */
    String json() {
        StringWriter text = new StringWriter();
        try (JsonGenerator json = new JsonFactory().createGenerator(text)) {
            json.writeStartObject();
            for (Map.Entry<String, Object> figure : byName.entrySet()) {
                json.writePOJOField(figure.getKey(), figure.getValue());
            }
            json.writeEndObject();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return text.toString();
    }
}
