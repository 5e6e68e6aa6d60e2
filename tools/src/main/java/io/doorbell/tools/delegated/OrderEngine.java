package io.doorbell.tools.delegated;

import io.doorbell.grant.GrantedSender;
import io.doorbell.grant.GrantedTemplate;
import io.doorbell.link.Link;
import io.doorbell.run.GrantFile;
import io.doorbell.xdp.XdpLink;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * The engine's process of the example: it decides on orders, and sends them on a connection that another process's stack
 * keeps. Of that stack it has one file; it sends through a queue of its own.
 */
public final class OrderEngine {
    private static final long OFFER_NANOS = 20_000_000_000L;
    private static final long REFUSED_NANOS = 20_000;

    private OrderEngine() {
    }

    /** @param args the stack's file, the interface, its queue, the first order's number, the number behind the last one */
    public static void main(String[] args) throws IOException {
        int number = Integer.parseInt(args[3]);
        int end = Integer.parseInt(args[4]);
        try (GrantFile stack = GrantFile.open(Path.of(args[0]));
                Link link = XdpLink.on(args[1]).queue(Integer.parseInt(args[2])).transmitOnly().open()) {
            GrantedSender sender = claim(stack, link);
            System.out.println("sending from order " + number + " on");
            // The owner has prepared all of an order but its number.
            GrantedTemplate order = sender.prepared(0);
            MemorySegment digits = Arena.global().allocate(Order.DIGITS);
            int code = GrantedSender.FAST;
            while (number < end && goesOn(code) && stack.stackLives()) {
                Order.digits(number, digits);
                order.update(Order.DIGITS_AT, digits, 0, Order.DIGITS);
                code = order.send(System.nanoTime());
                if (code >= 0) {
                    number++;
                } else {
                    LockSupport.parkNanos(REFUSED_NANOS);
                }
            }
            sender.giveBack();
            System.out.println("sent up to order " + (number - 1) + " and gave the right back");
        }
    }

    /** Whether sends may succeed later, and nobody asks for the right. */
    private static boolean goesOn(int code) {
        return code == GrantedSender.FAST || code == GrantedSender.QUEUED || code == GrantedSender.BACKPRESSURE;
    }

    private static GrantedSender claim(GrantFile stack, Link link) {
        long until = System.nanoTime() + OFFER_NANOS;
        while (System.nanoTime() - until < 0) {
            List<GrantFile.Offer> offers = stack.offers();
            GrantedSender sender = offers.isEmpty() ? null : stack.claim(offers.getFirst(), link);
            if (sender != null) {
                return sender;
            }
            LockSupport.parkNanos(REFUSED_NANOS);
        }
        throw new IllegalStateException("the stack of " + stack.path() + " offers no grant: does its user grant one?");
    }
}
