package io.doorbell.tools.cli;

import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** A probability of loss, {@code 0.01} or {@code 1%}. */
final class LossConverter implements ITypeConverter<Double> {
    /** Beyond this TCP gives up before a transfer of any size ends. */
    private static final double MOST = 0.5;

    @Override
    public Double convert(String text) {
        boolean percent = text.endsWith("%");
        double loss = Double.NaN;
        try {
            loss = Double.parseDouble(percent ? text.substring(0, text.length() - 1) : text) / (percent ? 100 : 1);
        } catch (NumberFormatException e) {
            // Not a number at all gets the same answer as a number out of range.
            loss = Double.NaN;
        }
        if (!(loss >= 0 && loss <= MOST)) {
            throw new TypeConversionException("'" + text + "' is not a loss: give a probability from 0 to " + MOST
                    + ", as in 0.01 or 1%");
        }
        return loss;
    }
}
