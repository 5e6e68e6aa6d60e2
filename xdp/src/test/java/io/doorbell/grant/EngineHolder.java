package io.doorbell.grant;

import io.doorbell.link.Link;
import io.doorbell.packet.PacketLink;
import io.doorbell.run.GrantFile;
import io.doorbell.xdp.XdpLink;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * A program for a JVM of its own: an engine that sends messages from a number on, as fast as its grant allows, until it is
 * killed or until it is told to give the right back.
 */
final class EngineHolder {
    private EngineHolder() {
    }

    /** @param arguments the file, xdp or packet, the messages' seed, the first number, the number behind the last */
    public static void main(String[] arguments) throws Exception {
        Messages messages = new Messages(Long.parseLong(arguments[2]));
        int number = Integer.parseInt(arguments[3]);
        int end = Integer.parseInt(arguments[4]);
        MemorySegment buffer = Arena.global().allocate(Messages.HEADER + Messages.MOST);
        try (GrantFile file = GrantFile.open(Path.of(arguments[0]));
                Link link = arguments[1].equals("xdp") ? XdpLink.on("veth0").queue(1).transmitOnly().open()
                        : PacketLink.on("veth0").transmitOnly().open()) {
            GrantedSender sender = claim(file, link);
            System.out.println("sending");
            while (number < end) {
                int code = sender.send(buffer, 0, messages.write(Messages.ENGINE, number, buffer), System.nanoTime());
                if (code >= 0) {
                    number++;
                } else if (code != GrantedSender.BACKPRESSURE) {
                    break;
                } else {
                    LockSupport.parkNanos(20_000);
                }
                if (sender.isRecalled() || !file.stackLives()) {
                    break;
                }
            }
            sender.giveBack();
        }
        System.out.println("sent up to " + number);
    }

    private static GrantedSender claim(GrantFile file, Link link) throws InterruptedException {
        for (int i = 0; i < 20_000; i++) {
            List<GrantFile.Offer> offers = file.offers();
            GrantedSender sender = offers.isEmpty() ? null : file.claim(offers.getFirst(), link);
            if (sender != null) {
                return sender;
            }
            Thread.sleep(1);
        }
        throw new IllegalStateException("nothing was offered");
    }
}
