package io.doorbell.tools.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** Text and tables of bytes come out in the order in which they were printed, in the stream's own encoding. */
class StandardOutputTest {
    private static byte[] printed(Charset charset) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        PrintWriter out = new StandardOutput(new PrintStream(bytes, false, charset));
        out.print("Zürich ");
        StandardOutput.print(new AsciiText(1).add("table ").add(12), out);
        out.print(" ünd");
        StandardOutput.print(new AsciiText(1).add('.'), out);
        out.flush();
        return bytes.toByteArray();
    }

    @Test
    void tablesKeepTheirPlaceBetweenText() {
        for (Charset each : new Charset[] {StandardCharsets.UTF_8, StandardCharsets.ISO_8859_1}) {
            assertArrayEquals("Zürich table 12 ünd.".getBytes(each), printed(each), each.name());
        }
    }

    @Test
    void anEncodingThatIsNotLikeAsciiEncodesTablesToo() {
        assertEquals("Zürich table 12 ünd.", new String(printed(StandardCharsets.UTF_16LE), StandardCharsets.UTF_16LE));
    }

    @Test
    void anyOtherWriterGetsCharacters() {
        StringWriter text = new StringWriter();
        StandardOutput.print(new AsciiText(1).add("12 ").add(34), new PrintWriter(text));
        assertEquals("12 34", text.toString());
    }
}
