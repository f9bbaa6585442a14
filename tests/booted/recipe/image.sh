#!/bin/sh
# Builds the root image of the guest: image.sh IMAGE RELEASE. Debian's bookworm or trixie, of which Raspberry Pi OS is
# made, and what a door needs.
# Needs mmdebstrap, mke2fs and root; no loop device.
set -eu
image=$1 release=$2
here=$(cd "$(dirname "$0")" && pwd)
[ "$(id -u)" = 0 ] || { echo "building the guest's root image needs root: its files belong to root" >&2; exit 1; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mmdebstrap --quiet --variant=minbase \
  --include=systemd,systemd-sysv,udev,dbus,kmod,procps,python3,python3-venv,gpiod,v4l-utils,mosquitto,make \
  "$release" "$folder/root"
cd "$folder/root"
cp -r "$here/image/." .
rm -rf usr/share/doc/* usr/share/locale/* var/cache/apt/* var/lib/apt/lists/*
echo door > etc/hostname
printf '127.0.0.1 localhost\n127.0.1.1 door\n' > etc/hosts
echo '/dev/ubda / ext4 rw 0 1' > etc/fstab
chroot . systemctl --quiet enable test-hardware test-sampler test-projector test-agent
for unit in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer; do
  [ ! -e "usr/lib/systemd/system/$unit" ] && [ ! -e "lib/systemd/system/$unit" ] || chroot . systemctl --quiet disable "$unit"
done
# The consoles belong to the tests.
chroot . systemctl --quiet mask getty@ serial-getty@ console-getty autovt@ getty.target systemd-vconsole-setup
cd "$folder"
mke2fs -q -t ext4 -L root -d root "$image.new" 2G
mv "$image.new" "$image"
