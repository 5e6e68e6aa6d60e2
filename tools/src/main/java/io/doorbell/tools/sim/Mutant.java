package io.doorbell.tools.sim;

import static io.doorbell.tools.sim.Edit.answered;
import static io.doorbell.tools.sim.Edit.called;
import static io.doorbell.tools.sim.Edit.negated;
import static io.doorbell.tools.sim.Edit.notCalled;
import static io.doorbell.tools.sim.Edit.notStored;
import static io.doorbell.tools.sim.Edit.operator;

import java.lang.classfile.Opcode;
import java.util.List;

/**
 * A stack that is broken on purpose, in one line. The simulation must notice each of them.
 *
 * @param name   a short one
 * @param broken what the line no longer does
 * @param type   the class of {@code io.doorbell.tcp} that it is in, or of another package of {@code io.doorbell}, with its name
 * @param method the method
 * @param edit   the instruction
 */
public record Mutant(String name, String broken, String type, String method, Edit edit) {
    /** All of them. */
    public static final List<Mutant> ALL = List.of(
            new Mutant("recovery-timeout", "a retransmission timeout deems nothing lost",
                    "LossRecovery", "timeout", notCalled("detectOnTimeout", 0)),
            new Mutant("recovery-count", "a lost segment is not counted",
                    "Scoreboard", "markLost", notStored("lostSegments", 0)),
            new Mutant("recovery-resent", "a lost segment that was sent again still counts as lost",
                    "Scoreboard", "sent", notStored("lostSegments", 0)),
            new Mutant("sack-below", "a SACK block also reports what lies below it",
                    "SackInput", "reported", negated(5)),
            new Mutant("reassembly-range", "a range that grows keeps the lower of two ends",
                    "ReceiveSpace", "addRange", called("max", 0, "min")),
            new Mutant("reassembly-advance", "RCV.NXT does not jump over what came before the gap was filled",
                    "DataInput", "inOrder", notCalled("advance", 0)),
            new Mutant("reassembly-order", "a new range is entered before those that it should follow",
                    "ReceiveSpace", "addRange", called("lt", 0, "gt")),
            new Mutant("reassembly-page", "the wrong pages are given back",
                    "ReceiveSpace", "free", operator(Opcode.ISUB, 0, Opcode.IADD)),
            new Mutant("window-send", "what does not fit the peer's window is sent",
                    "SegmentOutput", "fitsWindow", negated(0)),
            new Mutant("window-receive", "the window told is not remembered",
                    "ReceiveWindow", "advertise", notStored("rcvEdge", 0)),
            new Mutant("window-stale", "the window stays what the handshake said",
                    "AckInput", "updateWindow", notStored("sndWnd", 0)),
            new Mutant("send-append", "bytes appended to a segment are written elsewhere",
                    "SendSpace", "fill", operator(Opcode.LADD, 0, Opcode.LSUB)),
            new Mutant("send-leak", "frames of acknowledged segments are not given back",
                    "SendSpace", "giveBack", notCalled("release", 1)),
            new Mutant("send-split", "the second part of a cut segment repeats the first part's bytes",
                    "SendSpace", "split", operator(Opcode.LADD, 0, Opcode.LSUB)),
            new Mutant("rto-armed", "no retransmission timer is started for what was sent",
                    "SegmentOutput", "armTimers", notStored("retransmitDeadline", 0)),
            new Mutant("rto-bound", "the RTO is bounded from the wrong side",
                    "RttEstimator", "bound", called("max", 0, "min")),
            new Mutant("checksum-odd", "bytes appended at an odd position are summed as at an even one",
                    "SendSpace", "fill", notCalled("swap", 0)),
            new Mutant("checksum-unchecked", "a segment with a wrong checksum is taken",
                    "InboundSegment", "parse", answered("checksumValid", 0, 1)),
            new Mutant("fin-uncounted", "a FIN does not take a sequence number",
                    "SegmentInput", "fin", notStored("rcvNxt", 0)),
            new Mutant("template-sum", "an update of a template is not summed",
                    "MessageTemplate", "write", notCalled("add", 0)),
            new Mutant("template-rearm", "what was supplied for one send is there for the next, too",
                    "TemplateOutput", "refresh", notCalled("rearm", 0)),
            new Mutant("template-leak", "a template that is closed keeps its frames",
                    "TemplateOutput", "close", notCalled("release", 0)),
            new Mutant("template-place", "the second segment of a template does not follow the first",
                    "TemplateOutput", "post", operator(Opcode.IADD, 3, Opcode.IOR)),
            new Mutant("template-ahead", "what was found out ahead of a send outlives what happens to the connection",
                    "Lifecycle", "wantOutput", notCalled("changed", 0)),
            new Mutant("holes-sum", "what fills a hole is not summed",
                    "Holes", "release", notCalled("sum", 1)),
            new Mutant("multi-place", "the parts of a segment do not follow each other",
                    "MultiSegmentOutput", "send", operator(Opcode.LADD, 1, Opcode.LSUB)),
            new Mutant("grant-fence", "an engine may go on when the right was taken from it",
                    "EngineRights", "withdraw", notCalled("change", 0)),
            new Mutant("grant-collect", "what was published just before the right was taken is not looked at",
                    "EngineRights", "withdraw", notCalled("collect", 0)),
            new Mutant("grant-shrink", "what waits behind a grant moves the wrong way when the rest is given back",
                    "GrantSpace", "shrink", operator(Opcode.ISUB, 1, Opcode.IADD)),
            new Mutant("grant-lease", "an engine goes on at its old place when it has got a new lease",
                    "grant.GrantedSender", "lease", notStored("seq", 0)),
            new Mutant("grant-leak", "frames are not given back when an engine has let go of them",
                    "GrantSpace", "reclaim", notCalled("release", 0)),
            new Mutant("grant-sum", "what an engine has summed is not remembered",
                    "GrantSpace", "become", notCalled("sum", 1)),
            new Mutant("grant-slot", "what an engine sends is not where the stack would look for it",
                    "grant.SegmentForm", "payload", notCalled("copy", 0)),
            new Mutant("grant-publish", "an engine takes for published what was not",
                    "grant.GrantedSender", "publish", answered("change", 0, 1)),
            new Mutant("time-wait", "TIME-WAIT does not end",
                    "TimeWait", "enter", notCalled("await", 0)));
}
