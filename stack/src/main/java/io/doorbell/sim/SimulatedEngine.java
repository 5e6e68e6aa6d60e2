package io.doorbell.sim;

import io.doorbell.TcpStack;
import io.doorbell.grant.GrantedSender;
import io.doorbell.grant.GrantedTemplate;
import io.doorbell.tcp.Grant;
import io.doorbell.tcp.GrantOptions;
import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;

/**
 * An engine that sends by a grant, and does all that an engine may: it sends more than it may, asks, rehearses, gives the
 * right back or ignores that it should. It may stall for seconds, or die, also in the middle of a send: when it has seen
 * what it is granted and has not published, or has published and not posted. Meanwhile everybody else goes on.
 */
final class SimulatedEngine implements EngineConduct {
    private static final long MICROSECOND = 1_000L;
    private static final long MILLISECOND = 1_000_000L;
    private static final int LONGEST = 12_000;
    /** RFC 9293 section 3.7.1 and RFC 791 leave no less in a segment. */
    private static final int LEAST_MSS = 8;
    private static final long NEVER = Long.MAX_VALUE;

    private final SplittableRandom random;
    private final Interleaving content;
    private final TwoStacks network;
    private final Runnable step;
    private final EngineLink link;
    private final GrantedSender sender;
    final Grant grant;
    private final boolean deadly;
    private final int slots;
    private int budget;
    private int least;
    private int wish;
    private int refusals;
    private byte[] message;
    private GrantedTemplate template;
    private boolean noted;
    private boolean acting;
    /** It has given the right back, or was told that it has it no more, and has let go of the slots. */
    boolean done;
    boolean dead;
    long sentBytes;
    long wakeNanos;
    String fault;

    /** The end of an engine, at whatever instruction. */
    private static final class Died extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Died() {
            super("the engine died", null, false, false);
        }
    }

    /**
     * @param step lets the rest of the world go on, while this engine is in the middle of something
     */
    SimulatedEngine(long seed, Grant grant, GrantOptions options, int budget, Interleaving content, TwoStacks network,
                    TcpStack stack, Runnable step) {
        this.random = new SplittableRandom(seed);
        this.grant = grant;
        this.content = content;
        this.network = network;
        this.step = step;
        this.slots = options.segments();
        this.budget = options.renewed() ? budget : Math.min(budget, options.bytes());
        this.least = Math.max(1, budget / 200);
        this.deadly = random.nextInt(4) == 0;
        this.link = new EngineLink(this, network, stack, 3 + random.nextInt(random.nextBoolean() ? 4 : 40));
        this.sender = grant.sender(link);
        wish();
        pause();
    }

    private void fail(String what) {
        if (fault == null) {
            fault = what;
        }
    }

    /** When {@link #act} wants to be called. */
    long nextNanos() {
        return Math.min(acting ? NEVER : wakeNanos, link.dueNanos());
    }

    private void pause() {
        long most = switch (random.nextInt(32)) {
            case 0 -> 2_000 * MILLISECOND;
            case 1, 2, 3 -> 50 * MILLISECOND;
            case 4, 5, 6, 7, 8, 9 -> MILLISECOND;
            default -> 20 * MICROSECOND;
        };
        wakeNanos = network.now + 1 + random.nextLong(most);
    }

    /** Does what is due. */
    void act() {
        link.sendLate();
        if (acting || wakeNanos > network.now) {
            return;
        }
        acting = true;
        wakeNanos = NEVER;
        try {
            choose();
        } catch (Died died) {
            dead = true;
        }
        acting = false;
        if (!dead && !done) {
            pause();
        }
    }

    private void choose() {
        if (deadly && random.nextInt(60) == 0) {
            throw new Died();
        }
        if (budget == 0 || random.nextInt(200) == 0 || sender.isRecalled() && random.nextInt(4) == 0) {
            giveBack();
            return;
        }
        switch (random.nextInt(20)) {
            case 0 -> sender.request(random.nextInt(2 * LONGEST) - 10);
            case 1 -> rehearse();
            case 2 -> impossible();
            default -> {
                for (int i = 1 + random.nextInt(4); i > 0 && budget > 0 && !done; i--) {
                    send();
                }
            }
        }
    }

    private void giveBack() {
        sender.giveBack();
        if (random.nextBoolean()) {
            sender.giveBack();
        }
        int code = sender.send(MemorySegment.ofArray(new byte[1]), 0, 1, network.now);
        if (code != GrantedSender.RETURNED && code != GrantedSender.FENCED && code != GrantedSender.CLOSED) {
            fail("a send after the right was given back was answered " + code);
        }
        if (sender.allowance() != 0) {
            fail("something is allowed after the right was given back");
        }
        done = true;
    }

    private void rehearse() {
        message = new byte[1 + random.nextInt(LONGEST)];
        random.nextBytes(message);
        noted = false;
        int before = link.frames().available();
        int code = sender.send(MemorySegment.ofArray(message), 0, message.length, network.now, GrantedSender.WARM);
        if (noted || code == GrantedSender.FAST_RECALLED) {
            fail("a rehearsed message was published");
        }
        if (link.frames().available() < before) {
            fail("a rehearsal keeps frames");
        }
        refused(code);
    }

    private void impossible() {
        MemorySegment source = MemorySegment.ofArray(new byte[10]);
        int code = switch (random.nextInt(3)) {
            case 0 -> sender.send(source, 0, 0, network.now);
            case 1 -> sender.send(source, -1, 5, network.now);
            default -> sender.send(source, 6, 5, network.now);
        };
        if (code != GrantedSender.OUT_OF_RANGE) {
            fail("an impossible send was answered " + code);
        }
    }

    private void wish() {
        wish = Plan.logUniform(random, 1, LONGEST);
        refusals = 0;
    }

    private void send() {
        message = new byte[Math.min(budget, Math.max(Math.min(least, wish), wish))];
        random.nextBytes(message);
        noted = false;
        int code = random.nextInt(3) == 0 ? sendTemplate()
                : sender.send(MemorySegment.ofArray(message), 0, message.length, network.now);
        if (code >= 0 != noted) {
            fail("a message was " + (noted ? "" : "not ") + "published, and answered " + code);
        }
        if (code == GrantedSender.FAST_RECALLED && !sender.isRecalled()) {
            fail("nobody has asked the right back");
        }
        if (code >= 0) {
            wish();
        } else {
            refused(code);
        }
    }

    private int sendTemplate() {
        if (template == null) {
            template = sender.template(Plan.logUniform(random, 1, 3_000));
        }
        if (template == null || template.length() > budget || template.length() > 3 * wish) {
            return GrantedSender.BACKPRESSURE;
        }
        message = new byte[template.length()];
        random.nextBytes(message);
        MemorySegment source = MemorySegment.ofArray(message);
        int cut = random.nextInt(message.length);
        template.known(cut, source, cut, message.length - cut);
        if (cut > 0 && random.nextInt(4) == 0 && template.missing() > 0 && template.send(network.now) != GrantedTemplate.HOLES) {
            fail("a template with holes was sent");
        }
        template.update(0, source, 0, cut);
        if (random.nextInt(8) == 0 && template.send(network.now, GrantedSender.WARM) == GrantedSender.FAST_RECALLED) {
            fail("a rehearsed template was sent");
        }
        int code = template.send(network.now);
        if (random.nextInt(16) == 0) {
            template.close();
            template = null;
        }
        return code;
    }

    private void refused(int code) {
        switch (code) {
            case GrantedSender.FAST, GrantedSender.QUEUED -> { }
            case GrantedSender.BACKPRESSURE -> wish = ++refusals > 2 ? Math.max(1, wish / 2) : wish;
            case GrantedSender.OUT_OF_RANGE -> {
                if (message.length <= (slots - 1) * LEAST_MSS) {
                    fail(message.length + " bytes are said to take " + slots + " slots");
                }
                wish = Math.max(1, wish / 2);
            }
            case GrantedSender.FENCED, GrantedSender.CLOSED -> {
                if (!grant.isOver()) {
                    fail("the engine is told " + code + ", and the owner nothing");
                }
                done = true;
            }
            default -> fail("a send was answered " + code);
        }
    }

    // ---- in the middle of a send

    @Override
    public void beforePublishing() {
        stall();
    }

    @Override
    public long published() {
        if (!noted) {
            noted = true;
            if (grant.isOver()) {
                fail("a message was published after the right was gone");
            }
            content.engineSent(message);
            sentBytes += message.length;
            budget -= message.length;
        }
        stall();
        return switch (random.nextInt(64)) {
            case 0 -> -1;
            case 1 -> NEVER;
            case 2 -> 1 + random.nextLong(4_000 * MILLISECOND);
            case 3, 4 -> 1 + random.nextLong(20 * MILLISECOND);
            default -> 0;
        };
    }

    private void stall() {
        if (deadly && random.nextInt(100) == 0) {
            throw new Died();
        }
        if (random.nextInt(12) > 0) {
            return;
        }
        long nanos = 1 + random.nextLong(switch (random.nextInt(16)) {
            case 0 -> 4_000 * MILLISECOND;
            case 1, 2, 3 -> 100 * MILLISECOND;
            default -> 50 * MICROSECOND;
        });
        long until = network.now + nanos;
        wakeNanos = until;
        while (network.now < until) {
            long before = network.now;
            step.run();
            if (network.now == before) {
                break;
            }
        }
        wakeNanos = NEVER;
    }

    @Override
    public String toString() {
        return "engine that " + (dead ? "died" : done ? "is done" : "has " + budget + " bytes to send") + ", sent " + sentBytes
                + ", granted " + grant.granted() + " limited by " + grant.limitedBy() + (grant.isOver() ? ", over" : "");
    }
}
