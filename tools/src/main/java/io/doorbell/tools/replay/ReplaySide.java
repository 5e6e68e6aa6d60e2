package io.doorbell.tools.replay;

/** Whose part the stack takes. The client is who sent the first SYN. */
public enum ReplaySide { CLIENT, SERVER }
