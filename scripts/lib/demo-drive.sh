# shellcheck shell=bash disable=SC2154
# Sourced by scripts/demo: makes the customer's drive and compares it with the bucket, by programs that know nothing of
# the product: mkfs, mount, cp, md5sum, curl.

# Bytes that no file system can squeeze and no bucket can know already.
random_file() {
  mkdir -p "$(dirname "$1")"
  head -c "$2" /dev/urandom >"$1"
}

# Fills a folder as a customer's drive is filled. Sets nothing; the files that will not be loaded are in `not_loaded`.
fill_drive() {
  local drive=$1 number
  # Some hundred real documents in real folders: those of the packages that lie here.
  (cd "$root/node_modules" && find . -name '*.md' -type f | LC_ALL=C sort | sed -n '1,240p') |
    while IFS= read -r document; do
      mkdir -p "$drive/documents/$(dirname "$document")"
      cp "$root/node_modules/$document" "$drive/documents/$document"
    done
  for number in 1 2 3 4 5 6 7 8; do
    random_file "$drive/photos/2009/Zürich/Bäume am See $number.jpg" 180000
    random_file "$drive/photos/2009/東京/桜 $number.jpg" 140000
    random_file "$drive/photos/2010/Москва/Площадь ($number).jpg" 160000
    random_file "$drive/scans/a+b & c/100% #$number.pdf" 20000
  done
  : >"$drive/photos/empty.jpg"
  : >"$drive/scans/to be done.txt"
  # Above the threshold of 16 MiB, so it goes up in parts.
  random_file "$drive/films/Urlaub.mov" 83886080
  # The manifest ignores these two.
  random_file "$drive/photos/layout.psd" 50000
  random_file "$drive/photos/2009/Thumbs.db" 30000
  # And these cannot be loaded: a name that is not UTF-8, and a link, which nobody follows.
  random_file "$drive/scans/"$'caf\xe9.pdf' 10000
  ln -s /etc/passwd "$drive/scans/passwords"
}

# Regular files of a filled drive that have no object, as the import log must say. One a line.
not_loaded() {
  printf '%s\n' SIGNATURE photos/layout.psd photos/2009/Thumbs.db $'scans/caf\xe9.pdf'
}

# One request to the bucket, signed by curl itself; the secret is in a file that only its owner can read.
bucket_request() {
  local path=$1
  shift
  curl --silent --show-error --fail --aws-sigv4 aws:amz:us-east-1:s3 --config "$work/curl.key" "$@" "$endpoint$path"
}

# Percent-encoding of a path for a URL: all but the unreserved characters of RFC 3986 and the slash.
encode_path() {
  local LC_ALL=C text=$1 encoded='' byte index
  for ((index = 0; index < ${#text}; index++)); do
    byte=${text:index:1}
    case $byte in
      [A-Za-z0-9._~/-]) encoded+=$byte ;;
      *) printf -v byte '%%%02X' "'$byte" && encoded+=%${byte: -2} ;;
    esac
  done
  printf '%s' "$encoded"
}

# Keys of all objects, one a line.
list_keys() {
  local answer key
  answer=$(bucket_request "/$bucket?encoding-type=url&list-type=2")
  # More than a page would need another request; the demo has some hundred files.
  grep -qF '<IsTruncated>false</IsTruncated>' <<<"$answer"
  grep -oE '<Key>[^<]*</Key>' <<<"$answer" | while IFS= read -r key; do
    key=${key#<Key>}
    key=${key%</Key>}
    # A form's encoding, so that a blank is a plus.
    key=${key//+/ }
    printf '%b\n' "${key//%/\\x}"
  done
}

# Downloads every object of the bucket by one curl and writes `MD5  key` of each.
sum_bucket() {
  local folder=$work/download key number=0
  mkdir -p "$folder"
  list_keys >"$work/keys"
  : >"$work/curl.list"
  while IFS= read -r key; do
    number=$((number + 1))
    printf 'url = "%s/%s/%s"\noutput = "%s/%d"\n' "$endpoint" "$bucket" "$(encode_path "$key")" "$folder" "$number"
  done <"$work/keys" >"$work/curl.list"
  curl --silent --show-error --fail --aws-sigv4 aws:amz:us-east-1:s3 --config "$work/curl.key" --config "$work/curl.list"
  number=0
  while IFS= read -r key; do
    number=$((number + 1))
    printf '%s  %s\n' "$(md5sum <"$folder/$number" | cut -c 1-32)" "$key"
  done <"$work/keys"
}

# Writes `MD5  path` of every regular file of a folder.
sum_drive() {
  local path
  (cd "$1" && find . -type f -print0) | while IFS= read -r -d '' path; do
    printf '%s  %s\n' "$(md5sum <"$1/$path" | cut -c 1-32)" "${path#./}"
  done
}

# Compares the drive, mounted at $1, with the bucket. Succeeds where every file that should be loaded lies in the bucket
# with the same MD5, and nothing else but the log.
compare_drive_and_bucket() {
  local same differing drive_only bucket_only
  sum_drive "$1" | LC_ALL=C sort >"$work/drive.md5"
  sum_bucket | LC_ALL=C sort >"$work/bucket.md5"
  # The prefix of the manifest goes before every path.
  grep -vF "  $log_key" "$work/bucket.md5" | sed "s|^\(.\{32\}\)  $prefix|\1  |" | LC_ALL=C sort >"$work/objects.md5"
  same=$(LC_ALL=C comm -12 "$work/drive.md5" "$work/objects.md5" | wc -l)
  drive_only=$(LC_ALL=C comm -23 "$work/drive.md5" "$work/objects.md5" | cut -c 35- | LC_ALL=C sort)
  bucket_only=$(LC_ALL=C comm -13 "$work/drive.md5" "$work/objects.md5" | cut -c 35-)
  differing=$(LC_ALL=C diff <(not_loaded | LC_ALL=C sort) - <<<"$drive_only" || true)
  echo "files on the drive (find, md5sum):        $(wc -l <"$work/drive.md5")"
  echo "objects in the bucket (curl, md5sum):     $(wc -l <"$work/bucket.md5"), the import log is one of them"
  echo "same name and same MD5 in both:           $same"
  echo "only on the drive, as the log says above:"
  sed 's/^/  /' <<<"$drive_only" | LC_ALL=C sed 's/[^ -~]/?/g'
  [ -z "$differing" ] && [ -z "$bucket_only" ] && [ "$same" -gt 0 ]
}
