# Makes an agent's disk, or sees to the one that is there: a file with an ext4 file system, before it is mounted.
# $disk is the file, $size its size in bytes, $directory where it will be mounted and what a new one starts with.
if [ "$(stat --format=%d "$directory")" != "$(stat --format=%d "$directory/..")" ]; then
  echo "$directory is mounted: its disk is looked at before the next time"
  exit 0
fi

# One and two: found something and mended it.
check() {
  e2fsck -p "$@" "$disk" || [ $? -le 2 ]
}

if [ ! -e "$disk" ]; then
  rm --force "$disk.new"
  truncate --size="$size" "$disk.new"
  # Nothing is written that a new file is anyway, and no share is kept for a root who would clean up.
  mkfs.ext4 -q -F -m 0 -E assume_storage_prezeroed=1 -d "$directory" "$disk.new"
  mv "$disk.new" "$disk"
  exit 0
fi

check
now=$(stat --format=%s "$disk")
if [ "$now" -lt "$size" ]; then
  check -f
  truncate --size="$size" "$disk"
  resize2fs "$disk"
elif [ "$now" -gt "$size" ]; then
  check -f
  if resize2fs "$disk" "$((size / 1024))K"; then
    truncate --size="$size" "$disk"
  else
    echo "$disk keeps its $((now / 1048576)) MiB: what is on it does not fit into $((size / 1048576))"
  fi
fi
