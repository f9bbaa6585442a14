# Run in the guest, early: 32 GPIO lines that behave as a Raspberry Pi's, and the camera the kernel was given modules for.
set -eu
# A released output keeps its level, as with Raspberry Pi's kernels: the fault that a stock simulator hides.
echo Y > /sys/module/gpio_sim/parameters/persist_outputs
bank=/sys/kernel/config/gpio-sim/pi
mkdir -p $bank/bank0
echo 32 > $bank/bank0/num_lines
echo 1 > $bank/live
# vivid n_devs=1: a capture node and an output node whose pictures it can be made to capture.
cd /host/modules
for module in videobuf2-common videobuf2-memops videobuf2-vmalloc videobuf2-dma-contig videobuf2-v4l2 font v4l2-tpg; do
  insmod $module.ko
done
insmod vivid.ko n_devs=1 node_types=0x101
