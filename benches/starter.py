"""Starts one program, its output going nowhere, and tells how it ended and what it took: `starter.py STDIN COMMAND…`.

Linux counts the memory of who starts a program as the program's own, until then. So `common.run` has this small one do
it: of peaks below 9 MiB, those of a bare Python, nothing can be said.
"""

import json
import os
import sys
import time


def main():
    stdin, command = sys.argv[1], sys.argv[2:]
    nowhere, source = os.open(os.devnull, os.O_WRONLY), os.open(stdin, os.O_RDONLY)
    actions = [(os.POSIX_SPAWN_DUP2, source, 0), (os.POSIX_SPAWN_DUP2, nowhere, 1), (os.POSIX_SPAWN_DUP2, nowhere, 2)]
    start = time.perf_counter()
    process = os.posix_spawnp(command[0], command, os.environ, file_actions=actions)
    _, status, usage = os.wait4(process, 0)
    wall = time.perf_counter() - start
    print(json.dumps([os.waitstatus_to_exitcode(status), wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024]))


main()
