package io.doorbell.tools.fuzz;

/** What the user of the connection calls, as the input chooses. */
final class Calls {
    private final Stage stage;
    private final Choices choices;

    Calls(Stage stage, Choices choices) {
        this.stage = stage;
        this.choices = choices;
    }

    /** Sends, reads and closes. */
    void plain() {
        int what = choices.u8();
        FuzzUser user = stage.main();
        stage.tell("the user's turn: " + what % 16);
        if (user == null) {
            if (what % 4 == 0 && stage.stack.connections() < 8 && stage.peer.stackPort != 0) {
                stage.connect();
            }
            return;
        }
        switch (what % 16) {
            case 0, 1, 2, 3, 4, 5, 6 -> user.send(1 + choices.u8() * (what >> 4));
            case 7, 8 -> {
                user.appetite = Integer.MAX_VALUE;
                user.connection.resume();
            }
            case 9, 10 -> user.appetite = choices.u8() * 16;
            case 11, 12 -> user.closeOutput();
            case 13 -> user.close();
            case 14 -> user.connection.uncork();
            default -> {
                if (what == 255) {
                    user.abort();
                } else {
                    user.connection.cork();
                }
            }
        }
        after();
    }

    private void after() {
        stage.stack.flush(stage.now);
        stage.poll();
    }

    /** Templates, partial messages, batches, rehearsals, sends by an engine. */
    void unusual() {
        int what = choices.u8();
        FuzzUser user = stage.main();
        stage.tell("the user's turn, unusual: " + what % 16);
        if (user == null) {
            return;
        }
        UnusualSends sends = user.unusual;
        int number = what >> 4;
        switch (what % 16) {
            case 0, 1 -> sends.begin(choices.u8() * (1 + number), stage.now + number * 100 * Stage.MILLISECOND);
            case 2, 3, 4, 5 -> sends.complete(number & 3, choices.u8() * (1 + (number >> 2)), choices.u8());
            case 6 -> sends.completeAll();
            case 7 -> sends.openTemplate(1 + choices.u8() * (1 + number), choices.u8() * number);
            case 8, 9 -> sends.updateTemplate(number & 3, choices.u8() * (1 + (number >> 2)), choices.u8(), what);
            case 10, 11, 12 -> sends.sendTemplate(number & 3, number < 12, number & 3);
            case 13 -> stage.fanOut(1 + choices.u8() * (1 + (number & 3)), 1 + (number >> 2), number == 15);
            case 14 -> sends.rehearse(1 + choices.u8() * (1 + (number & 3)));
            default -> {
                if (number < 4) {
                    sends.closeTemplate(number);
                } else {
                    user.delegated.act(number & 3, choices.u8());
                }
            }
        }
        // A message that is not begun, completed or sent alone in its turn shares a flush with the next.
        if ((what & 128) == 0) {
            after();
        }
    }
}
