"""Talks to a command on a pseudo-terminal of 80 columns.

usage: talk.py PROMPT COMMAND…, with what to type as a JSON list of texts on standard input.

Each text is typed once the prompt stands at the end of the screen and nothing more comes. Prints all that the command
wrote, without the terminal's control sequences, and exits as the command does.
"""

import fcntl
import json
import os
import pty
import re
import select
import struct
import sys
import termios
import time

CONTROL = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]|\x1b[=>]|\r")
DEADLINE = time.monotonic() + 120
QUIET = 0.3


def main():
    prompt, command = sys.argv[1], sys.argv[2:]
    texts = json.load(sys.stdin)
    child, terminal = pty.fork()
    if child == 0:
        os.execvp(command[0], command)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 80, 0, 0))
    written, typed = "", 0
    while True:
        if time.monotonic() > DEADLINE:
            sys.exit(f"no end in sight:\n{written}")
        ready, _, _ = select.select([terminal], [], [], QUIET)
        if ready:
            try:
                piece = os.read(terminal, 65536)
            except OSError:  # the other end is closed
                break
            if not piece:
                break
            written += piece.decode(errors="replace")
        elif typed < len(texts) and CONTROL.sub("", written).endswith(prompt):
            os.write(terminal, texts[typed].encode())
            typed += 1
    print(CONTROL.sub("", written))
    _, status = os.waitpid(child, 0)
    sys.exit(os.waitstatus_to_exitcode(status))


main()
