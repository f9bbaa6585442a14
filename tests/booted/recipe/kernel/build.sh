#!/bin/sh
# Builds the guest's kernel, user-mode Linux with simulated GPIO lines and cameras: build.sh FOLDER makes
# FOLDER/linux and FOLDER/modules/*.ko. The source is Debian's linux-source-6.12, the configuration the two .frag
# files and nothing else. 7 minutes of one processor.
# Needs: apt install mmdebstrap gcc make flex bison bc libelf-dev kmod patch xz-utils; and root, as mmdebstrap does.
set -eu
folder=$1
here=$(cd "$(dirname "$0")" && pwd)
for tool in mmdebstrap gcc make flex bison bc patch xz; do
  command -v $tool > /dev/null || { echo "building the kernel needs $tool: the head of $0 tells what to install" >&2; exit 1; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mmdebstrap --quiet --variant=extract --include=linux-source-6.12 trixie "$work/debian"
tar -xJf "$work/debian/usr/src/linux-source-6.12.tar.xz" -C "$work"
cd "$work/linux-source-6.12"
patch -p1 < "$here/gpio-sim-persist-outputs.patch"
cat "$here/common.frag" "$here/um.frag" > "$work/config"
make -s ARCH=um KCONFIG_ALLCONFIG="$work/config" allnoconfig
for wanted in GPIO_SIM HOSTFS BLK_DEV_UBD SECCOMP_FILTER CGROUP_BPF; do
  grep -q "^CONFIG_$wanted=y" .config || { echo "the configuration lost CONFIG_$wanted" >&2; exit 1; }
done
make -s ARCH=um -j"$(nproc)" linux modules
rm -rf "$folder.new"
mkdir -p "$folder.new/modules"
strip -o "$folder.new/linux" linux
find . -name '*.ko' -exec cp {} "$folder.new/modules" \;
rm -rf "$folder"
mv "$folder.new" "$folder"
