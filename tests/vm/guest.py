"""
What runs inside the guest, as text: its first script, its start and its agent.

The root of the guest is an overlay: this machine's root, read-only over 9p; the layer with the
kernel's modules and the packages that this machine lacks; and memory on top. So the guest has
all programs of this machine and the checkout at its usual path, and can spoil neither.

What this machine happens to hold of an engine or of our own state (`HIDDEN`) the guest must not
see; a character device 0:0 in the upper layer of an overlay hides what is below it.

The agent is a shell: it starts in a moment where Python needs seconds. It reads orders from a
serial port, `start NAME` and `end NAME`, and answers `done NAME CODE`. What a job is given and
prints are files in the folder of its name, which is shared with the laboratory, so a job may
print what it likes and be killed as it likes: the agent has handed nothing of its own to it.
"""

from __future__ import annotations

SHARED = "/.vm"
PORT = "agent"

HIDDEN = (
    "etc/containerd",
    "etc/containers",
    "etc/docker",
    "etc/fstab",
    "etc/mtab",
    "etc/sysconfig",
    "etc/systemd/system",
    "etc/wharfinger",
    "var/lib/containerd",
    "var/lib/containers",
    "var/lib/docker",
    "var/lib/wharfinger",
    "var/lib/wharfinger-host",
)

MASKED = (
    # They walk this machine's /tmp and /var over 9p, and would remove what is old there.
    "systemd-tmpfiles-setup.service",
    "systemd-tmpfiles-clean.timer",
    "systemd-journal-flush.service",
    "systemd-sysusers.service",
    # They are of no use in a guest that lives for a minute.
    "dev-hugepages.mount",
    "dev-mqueue.mount",
    "proc-sys-fs-binfmt_misc.automount",
    "sys-fs-fuse-connections.mount",
    "sys-kernel-config.mount",
    "sys-kernel-debug.mount",
    "sys-kernel-tracing.mount",
    "systemd-binfmt.service",
    "systemd-pstore.service",
    "systemd-random-seed.service",
    "systemd-update-utmp.service",
    "timers.target",
)

PATH = "/usr/sbin:/usr/bin:/sbin:/bin"


def first_script() -> str:
    """Mount the root and hand over to it."""
    hidden = "\n".join(_hide(path) for path in HIDDEN)
    return f"""\
#!/bin/busybox sh
/bin/busybox --install /bin
export PATH=/bin
mount -t devtmpfs dev /dev
mount -t proc proc /proc
mount -t sysfs sys /sys
while read -r module; do insmod "$module"; done < /modules
nine=trans=virtio,version=9p2000.L,msize=262144
mount -t 9p -o ro,cache=loose,$nine host /host
mount -t 9p -o ro,cache=loose,$nine layer /layer
mount -t tmpfs -o size=75%,mode=755 upper /upper
mkdir -p /upper/root /upper/work
{hidden}
mount -t overlay -o lowerdir=/layer:/host,upperdir=/upper/root,workdir=/upper/work root /root
mkdir -p /root{SHARED}
mount -t 9p -o cache=none,$nine shared /root{SHARED}
for folder in dev proc sys; do mount --move /$folder /root/$folder; done
exec switch_root /root /bin/sh {SHARED}/start
"""


def _hide(path: str) -> str:
    folder = path.rpartition("/")[0]
    return f"mkdir -p /upper/root/{folder}; mknod /upper/root/{path} c 0 0"


_BOTH = f"""\
export PATH={PATH}
echo host > /etc/hostname
echo host > /proc/sys/kernel/hostname
ln -s /proc/self/mounts /etc/mtab
: > /etc/fstab
"""


def start() -> str:
    """Be a small Linux: the file systems that programs expect, udev, an init that reaps."""
    return f"""\
{_BOTH}
mount -t tmpfs -o mode=755 run /run
mkdir -p /run/lock /dev/shm /dev/pts
mount -t tmpfs shm /dev/shm
mount -t devpts -o ptmxmode=666 pts /dev/pts
mount -t cgroup2 cgroup /sys/fs/cgroup
ip link set lo up
/usr/lib/systemd/systemd-udevd --daemon
udevadm trigger --action=add --subsystem-match=block --subsystem-match=virtio-ports
udevadm settle
modprobe loop
printf '::respawn:/bin/sh {SHARED}/agent\\n' > /etc/inittab
exec /bin/busybox init < /dev/console > /dev/console 2>&1
"""


def start_systemd() -> str:
    """Be a Linux under systemd, which enables nothing but the agent: what a test wants it starts.

    An empty machine-id would make systemd enable all that this machine has installed.
    """
    masks = "\n".join(f"ln -s /dev/null /etc/systemd/system/{unit}" for unit in MASKED)
    return f"""\
{_BOTH}
echo 0123456789abcdef0123456789abcdef > /etc/machine-id
mkdir -p /etc/systemd/system
{masks}
cat > /etc/systemd/system/laboratory.target << 'END'
[Unit]
Requires=basic.target
Wants=laboratory-agent.service
AllowIsolate=yes
END
cat > /etc/systemd/system/laboratory-agent.service << 'END'
[Unit]
After=basic.target
[Service]
ExecStartPre=/usr/sbin/modprobe loop
ExecStart=/bin/sh {SHARED}/agent
KillMode=process
END
exec /usr/lib/systemd/systemd --unit=laboratory.target < /dev/console > /dev/console 2>&1
"""


def agent() -> str:
    return f"""\
export PATH={PATH} HOME=/root LANG=C.UTF-8 PYTHONDONTWRITEBYTECODE=1
# Engines and their many helpers collect garbage less often.
export GOGC=400
until test -c /dev/virtio-ports/{PORT}; do sleep 0.1; done
exec 3<> /dev/virtio-ports/{PORT}

work() {{
    cd {SHARED}/$1
    setsid sh ./job < given >> out 2>> err 3>&- &
    echo $! > session
    wait $!
    echo "done $1 $?" >&3
}}

end() {{
    # It may have been started just now, and not be a session of its own yet.
    for _ in $(seq 100); do
        kill -9 -$(cat {SHARED}/$1/session) && break
        sleep 0.1
    done
}}

echo ready >&3
while read -r order name <&3; do
    case $order in
        start) (work $name) & ;;
        end) (end $name) & ;;
    esac
done
"""
