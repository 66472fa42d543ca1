"""Runs a program in Python many times, loading its modules once: a server, of which each run is a fork.

    python-program.py serve SOCKET MODULE [FOLDER]...   calls main() of the module in each run; folders: where modules are
    python-program.py run SOCKET NAME [WORD]...         the program, with these words, variables, folder, streams and exit code

The modules that a run has loaded are loaded into the server before the next one.
"""
import atexit
import gc
import importlib
import json
import os
import signal
import socket
import sys
import traceback

streams = 3
limit = 1 << 20


def run(path, argv):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.connect(path)
        requested = {'argv': argv, 'cwd': os.getcwd(), 'environment': dict(os.environ)}
        socket.send_fds(server, [b'.'], list(range(streams)))
        server.sendall(json.dumps(requested).encode())
        server.shutdown(socket.SHUT_WR)
        code = server.recv(limit)
    sys.exit(int(code or b'1'))


def serve(path, module, folders):
    """Returns, in a process for each run, the function to call."""
    sys.path[:0] = folders
    before = dict(os.environ)
    program = importlib.import_module(module)
    added = {name: value for name, value in os.environ.items() if name not in before}
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.bind(path)
        server.listen()
        with open(f'{path}.modules', 'a+') as modules:
            modules.seek(0)
            while True:
                client, _ = server.accept()
                load(modules.read().split())
                gc.freeze()  # a collection in a run would copy every page
                if os.fork() == 0:
                    break
                client.close()
    atexit.register(remember, f'{path}.modules', set(sys.modules))
    adopt(client, added)
    return program.main


def adopt(client, added):
    """Continues in the process of the run, where modules have added variables; its parent sends its exit code."""
    _, given, _, _ = socket.recv_fds(client, 1, streams)
    requested = json.loads(b''.join(iter(lambda: client.recv(limit), b'')))
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    pid = os.fork()
    if pid != 0:
        for stream in given:
            os.close(stream)
        _, status = os.waitpid(pid, 0)
        client.sendall(str(os.waitstatus_to_exitcode(status)).encode())
        os._exit(0)
    client.close()
    for number, stream in enumerate(given):
        os.dup2(stream, number)
        os.close(stream)
    os.environ.clear()
    os.environ.update({**added, **requested['environment']})
    os.chdir(requested['cwd'])
    sys.argv = requested['argv']


def remember(path, known):
    with open(path, 'a') as modules:
        modules.write(' '.join([name for name in sys.modules if name not in known] + ['']))


def load(names):
    for name in names:
        try:
            importlib.import_module(name)
        except Exception:
            pass  # the program loads it in another way


def end(main):
    """As the interpreter ends, without deallocating its objects."""
    try:
        sys.exit(main())
    except SystemExit as ended:
        code = ended.code
        if isinstance(code, str):
            print(code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
        code = 1
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else 0 if code is None else 1)


if __name__ == '__main__':
    command, socket_path, *words = sys.argv[1:]
    if command == 'run':
        run(socket_path, words)
    end(serve(socket_path, words[0], words[1:]))
