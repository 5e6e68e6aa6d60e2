package io.doorbell.tools.fuzz;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.doorbell.tools.cli.ExitCode;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeTransform;
import java.lang.classfile.instruction.InvokeInstruction;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Frames at random, guided by coverage; and what the fuzzer says when the stack is broken on purpose. */
class FuzzTest {
    private final StringWriter out = new StringWriter();

    private int fuzz(UnaryOperator<byte[]> sabotage, String... args) {
        return Fuzz.execute(new PrintWriter(out), sabotage, args);
    }

    /** The inputs kept, among them former findings, and a run that is the same each time. */
    @Test
    void rfc9293_3_10_7_whatWasFoundBeforeDoesNoHarm() {
        assertEquals(ExitCode.OK, fuzz(UnaryOperator.identity(), "--frames", "40000", "--seed", "1"), out::toString);
        assertTrue(out.toString().matches("(?s).* [1-9][0-9]* inputs kept, 40000 frames.*"), out::toString);
    }

    /** A fresh seed, which is printed; {@code -Dtest.jvm.args=-Dfuzz.frames=N} for more. */
    @Test
    void rfc9293_3_10_7_framesAtRandomInEveryStateDoNoHarm() {
        int code = fuzz(UnaryOperator.identity(), "--frames", System.getProperty("fuzz.frames", "60000"));
        System.out.print(out);
        assertEquals(ExitCode.OK, code, out::toString);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "2 | --frames=x             | --frames",
        "2 | --frames=-1            | --frames is 0 or more",
        "2 | --trace                | --trace goes with --input",
        "2 | --input=zz             | --input is not in hexadecimal digits",
        "3 | --corpus=/none         | there is no file /none",
        "3 | --corpus=/proc/version | /proc/version holds no inputs",
    })
    void whatCannotBeIsRefusedInOneLine(int code, String argument, String expected) {
        assertEquals(code, fuzz(UnaryOperator.identity(), argument), out::toString);
        assertTrue(out.toString().startsWith("fuzz: ") && out.toString().contains(expected), out::toString);
        assertTrue(out.toString().lines().count() <= 2, out::toString);
    }

    /** Leaves out the calls of one name in one class, their arguments with them. */
    private static UnaryOperator<byte[]> without(String owner, String method) {
        return bytes -> {
            ClassModel type = ClassFile.of().parse(bytes);
            if (!type.thisClass().asInternalName().equals(owner)) {
                return bytes;
            }
            CodeTransform leaveOut = (code, element) -> {
                if (element instanceof InvokeInstruction call && call.name().equalsString(method)
                        && call.typeSymbol().returnType().descriptorString().equals("V")) {
                    for (int i = call.typeSymbol().parameterCount() - 1; i >= 0; i--) {
                        boolean wide = "JD".contains(call.typeSymbol().parameterType(i).descriptorString());
                        if (wide) {
                            code.pop2();
                        } else {
                            code.pop();
                        }
                    }
                    code.pop();
                } else {
                    code.with(element);
                }
            };
            return ClassFile.of().transformClass(type, ClassTransform.transformingMethodBodies(leaveOut));
        };
    }

    @ParameterizedTest
    @CsvSource({"io/doorbell/tcp/SendSpace, release", "io/doorbell/tcp/Lifecycle, remove",
        "io/doorbell/ip/Arp, release"})
    void a_broken_stack_is_found(String owner, String method) {
        int code = fuzz(without(owner, method), "--frames", "200000", "--seed", "1");
        assertEquals(ExitCode.FAILED, code, out::toString);
        assertTrue(out.toString().contains("FOUND") && out.toString().contains("tools/fuzz --input "), out::toString);
    }
}
