package io.doorbell;

import io.doorbell.tcp.ArrayCopy;
import io.doorbell.tcp.ConnectionOptions;
import io.doorbell.tcp.Grant;
import io.doorbell.tcp.GrantOptions;
import io.doorbell.tcp.MessageTemplate;
import io.doorbell.tcp.PartialMessage;
import io.doorbell.tcp.Tcb;
import io.doorbell.tcp.Tcp;
import java.lang.foreign.MemorySegment;

/**
 * One TCP connection, as its user sees it. It belongs to the thread that polls its stack; no method blocks, and none
 * but those for set-up allocates.
 *
 * <p>Sends take effect at the end of the running {@link TcpStack#poll}, or at {@link TcpStack#flush}: all that was sent
 * until then, on any number of connections, leaves with one doorbell.
 */
public final class Connection extends Tcb {
    private final Tcp tcp;
    ConnectionHandler handler;
    private Object attachment;
    /** Null as long as no set and no batch knows the connection. */
    BatchClient client;

    Connection(Tcp tcp) {
        this.tcp = tcp;
    }

    /**
     * Sends bytes as one message, all or none. They are copied; the source may be reused at once.
     *
     * @return {@code length}, or {@link #BACKPRESSURE} (try again when {@code writable} is called), {@link #CLOSED},
     *         {@link #NOT_CONNECTED}
     */
    public int send(MemorySegment source, long offset, int length) {
        return tcp.send(this, source, offset, length);
    }

    /** {@link #send(MemorySegment, long, int)} from an array. */
    public int send(byte[] source, int offset, int length) {
        return ArrayCopy.takes(source, offset, length)
                ? tcp.send(this, tcp.arrayCopy().of(source, offset, length), 0, length)
                : tcp.send(this, MemorySegment.ofArray(source), offset, length);
    }

    /**
     * Sends as many bytes as there is room for, from the first on.
     *
     * @return 0 to {@code length}; if less than {@code length}, {@code writable} is called when there is room again; or
     *         {@link #CLOSED}, {@link #NOT_CONNECTED}
     */
    public int write(MemorySegment source, long offset, int length) {
        return tcp.write(this, source, offset, length);
    }

    /**
     * Takes a place in the stream for a message of {@code length} bytes of which not all are known yet. Then
     * {@link PartialMessage#complete} supplies them, in parts. What is sent after this queues behind it in order; a FIN
     * waits for it. It needs no agreement with the peer: to it, holes look like segments that are late.
     * {@link MessageTemplate#begin} begins one with what a template has.
     *
     * @param message not open; it is the user's, so that many may be open at once and none is allocated here
     * @return 0, or {@link #BACKPRESSURE}, {@link #CLOSED}, {@link #NOT_CONNECTED}, {@link PartialMessage#OPEN},
     *         {@link PartialMessage#OUT_OF_RANGE}
     */
    public int begin(PartialMessage message, int length) {
        return tcp.partials().begin(this, message, length);
    }

    /**
     * {@link #send(MemorySegment, long, int)}, or its rehearsal.
     *
     * @param flags {@link MessageTemplate#WARM}: everything is done but posting, the emitter's work included, and then
     *              undone, so that the next real send finds code and data in the caches; nothing else differs
     *              afterwards. Allowed at any time; 0 is answered, and nothing done, if a send would not leave now or
     *              if the link has no such mode
     */
    public int send(MemorySegment source, long offset, int length, int flags) {
        return (flags & MessageTemplate.WARM) == 0 ? tcp.send(this, source, offset, length)
                : tcp.rehearsal().send(this, source, offset, length);
    }

    /**
     * The receive path's rehearsal: everything that the peer's next segment would cause if it had this payload, up to
     * the call of the handler, is done and undone. Nothing else differs afterwards. Not from within a handler, where
     * the path has just been used: there, as for a payload that no segment can have, 0 is answered and nothing done.
     *
     * @return {@code length} or 0
     */
    public int warmReceive(MemorySegment payload, long offset, int length) {
        return tcp.rehearsal().receive(this, payload, offset, length);
    }

    /**
     * Prepares a message of which the last bytes are still unknown, to be sent later with the least possible delay, any
     * number of times. A set-up call: it takes a frame of the link for each segment of the message.
     *
     * @param length of the message, in bytes
     * @return null, counted, if the connection does not send any more, or if the link has too few free frames
     */
    public MessageTemplate template(int length) {
        return tcp.templates().open(this, length);
    }

    /**
     * Grants an engine, another thread or process, the right to transmit on this connection: {@link #grant(GrantOptions)}
     * with what {@link GrantOptions#of} says.
     */
    public Grant grant(int bytes) {
        return grant(GrantOptions.of(bytes));
    }

    /**
     * Grants an engine the right to transmit on this connection. What is granted at once is at most what the peer's and
     * the congestion window allow; {@link Grant#granted} and {@link Grant#limitedBy} tell. A set-up call: it takes a
     * frame of the link for each segment. A connection is granted to one engine; an engine may have many grants.
     *
     * <p>Meanwhile {@link #begin} is refused with {@link #GRANTED}, and so are sends if {@link GrantOptions#ownerSends}
     * says so.
     *
     * @param templates what the owner has prepared for the engine: what is known of them now is copied, and the engine has
     *                  one of its own for each ({@link io.doorbell.grant.GrantedSender#prepared}), in whatever process it is
     * @return null, counted, if the connection does not send, has partial messages open, or is granted already, or if what
     *         other processes see has no room for it
     * @throws IllegalArgumentException if other processes may be engines, and a template does not fit into a frame
     */
    public Grant grant(GrantOptions options, MessageTemplate... templates) {
        return tcp.delegation().open(this, options, templates);
    }

    /** Bytes that a send would accept now; 0 if the connection does not send. */
    public int sendSpace() {
        return tcp.room(this);
    }

    /**
     * Takes bytes that {@link ConnectionHandler#data} left. Not from within {@code data} itself.
     *
     * @return how many were copied to {@code target}, 0 if none are left
     */
    public int read(MemorySegment target, long offset, int length) {
        return tcp.read(this, target, offset, length);
    }

    /** Offers the bytes that {@link ConnectionHandler#data} left again, at the next poll. */
    public void resume() {
        tcp.resume(this);
    }

    /** Sends FIN behind what was sent; receiving goes on (half-close). Idempotent. */
    public void closeOutput() {
        holdFin();
        tcp.closing().closeOutput(this);
    }

    /**
     * Ends the connection in order: FIN behind what was sent. Nothing more is received: data that is unread or still
     * comes in is answered with a RST. Idempotent, allowed in every state.
     */
    public void close() {
        holdFin();
        tcp.closing().close(this);
    }

    /** Ends the connection now, with a RST; what was not sent yet is dropped. Idempotent. */
    public void abort() {
        tcp.closing().abort(this);
    }

    /**
     * Chooses options for this connection: {@code c.options(c.options().withNagle(true))}. They hold from now on; chosen
     * right after {@link TcpStack#connect}, or by an {@link Acceptor}, from the beginning. Allocates, if it is the first
     * time that the connection needs more state for them.
     */
    public void options(ConnectionOptions chosen) {
        tcp.options(this, chosen);
    }

    /**
     * From now on only full segments leave (Linux's TCP_CORK): for a message that is made in several sends. What is
     * incomplete waits for {@link #uncork}, for more bytes, or for {@link io.doorbell.tcp.TcpConfig#corkNanos}, whichever
     * comes first. Idempotent.
     */
    public void cork() {
        tcp.cork(this);
    }

    /** Sends what {@link #cork} held back, at the end of the running poll or at flush. Idempotent. */
    public void uncork() {
        tcp.uncork(this);
    }

    /** What a batch has accepted and still keeps goes before the FIN. */
    private void holdFin() {
        if (client != null && client.waiting > 0) {
            tcp.closing().holdFin(this);
        }
    }

    /** A batch keeps nothing for the connection any more. */
    void nothingWaits() {
        tcp.closing().releaseFin(this);
    }

    BatchClient client() {
        if (client == null) {
            client = new BatchClient();
        }
        return client;
    }

    /** Whatever the user attached. */
    public Object attachment() {
        return attachment;
    }

    /** Keeps something with the connection, for its user. */
    public void attach(Object something) {
        attachment = something;
    }

    @Override
    public String toString() {
        return TcpStack.format(localAddress(), localPort()) + " -> " + TcpStack.format(remoteAddress(), remotePort())
                + " " + state();
    }
}
