package io.doorbell.xdp;

/** A program for a JVM of its own: opens a link, says so, and holds it until it is killed; or says why it cannot. */
final class LinkHolder {
    private LinkHolder() {
    }

    public static void main(String[] arguments) throws InterruptedException {
        XdpLink link;
        try {
            link = XdpLink.on(arguments[0]).address(arguments[1]).open();
        } catch (RuntimeException e) {
            System.out.println(e.getMessage());
            return;
        }
        System.out.println("holding " + link.statistics().mode);
        Thread.sleep(60_000);
    }
}
