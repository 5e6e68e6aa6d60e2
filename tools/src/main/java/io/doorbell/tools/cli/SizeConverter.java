package io.doorbell.tools.cli;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** {@code 200M}: a count of bytes with a unit of powers of 1000, or of 1024 with an {@code i}. */
final class SizeConverter implements ITypeConverter<Long> {
    private static final Pattern SIZE = Pattern.compile("([0-9]{1,15})([kKmMgG]?)(i?)[bB]?");

    @Override
    public Long convert(String text) {
        Matcher matcher = SIZE.matcher(text);
        if (!matcher.matches() || matcher.group(2).isEmpty() && !matcher.group(3).isEmpty()) {
            throw new TypeConversionException("'" + text
                    + "' is not a size: give a number of bytes, with k, M, G (powers of 1000) or Ki, Mi, Gi, as in 200M");
        }
        long unit = matcher.group(3).isEmpty() ? 1000 : 1024;
        int power = matcher.group(2).isEmpty() ? 0 : "kmg".indexOf(Character.toLowerCase(matcher.group(2).charAt(0))) + 1;
        try {
            long size = Long.parseLong(matcher.group(1));
            for (int i = 0; i < power; i++) {
                size = Math.multiplyExact(size, unit);
            }
            return size;
        } catch (ArithmeticException e) {
            throw new TypeConversionException("'" + text + "' is more than can be counted");
        }
    }
}
