package io.doorbell.tcp;

/** A connection's fields without a user. */
final class ControlBlock extends Tcb {
}
