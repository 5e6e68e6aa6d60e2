# Sourced by the commands in tools/: finds a JDK and Maven, builds when sources are newer than the last build,
# installs or names missing packages, and starts a main class. Works with bash 3.2 (macOS) and later.
#
#   DB_NAME=stack-cli
#   . "$(dirname "$0")/lib/launch.sh"
#   db_find_jdk; db_build; db_exec io.doorbell.tools.cli.StackCli "$@"
#
# For tests: DOORBELL_CLASSPATH is used as it is, and nothing is built; DOORBELL_JDK_SEARCH replaces the places, parted
# by colons, in which JDKs are looked for besides JAVA_HOME and PATH.

DB_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
DB_TARGET=$DB_ROOT/tools/target
DB_LIB=$DB_TARGET/lib
DB_STAMP=$DB_TARGET/build.stamp
DB_LOG=$DB_TARGET/build.log
DB_JDK_WANTED=25
DB_JAVA_HOME=
DB_CLASSPATH=
DB_NAME=${DB_NAME:-doorbell}

# Exit codes, as in stack-cli --help.
DB_ENVIRONMENT=3

db_say() {
  printf '%s\n' "$*" >&2
}

db_die() {
  local code=$1
  shift
  db_say "$DB_NAME: $*"
  exit "$code"
}

# For commands whose options are read here and not by Java: prints the comment at the head of script $1 and ends if the
# other arguments ask for help.
db_help() {
  local script=$1 word
  shift
  for word in "$@"; do
    case $word in
      --) return 0 ;;
      -h | --help)
        sed -n '2,/^[^#]/{/^#/s/^# \{0,1\}//p;}' "$script"
        exit 0
        ;;
    esac
  done
}

# Ends because of $1, which is no option of this command.
db_unknown() {
  db_say "$DB_NAME: Unknown option: '$1'"
  db_say "See: tools/$DB_NAME --help"
  exit 2
}

# The full version of the JDK in $1, into DB_VERSION; fails if there is none.
db_version_of() {
  DB_VERSION=
  [ -x "$1/bin/java" ] || return 1
  if [ -r "$1/release" ]; then
    local line
    while IFS= read -r line; do
      case $line in
        JAVA_VERSION=*)
          DB_VERSION=${line#JAVA_VERSION=}
          DB_VERSION=${DB_VERSION//\"/}
          ;;
      esac
    done < "$1/release"
  fi
  if [ -z "$DB_VERSION" ]; then
    DB_VERSION=$("$1/bin/java" -version 2>&1 | sed -n 's/.* version "\([^"]*\)".*/\1/p' | head -n 1)
  fi
  [ -n "$DB_VERSION" ]
}

db_major() {
  local major=${1%%[!0-9]*}
  [ "$major" != 1 ] || { major=${1#1.}; major=${major%%[!0-9]*}; }
  printf '%s' "${major:-0}"
}

# Takes $1 as the JDK if it is one and new enough; remembers the newest of the too old ones.
db_try_jdk() {
  [ -n "$1" ] && db_version_of "$1" || return 1
  local major
  major=$(db_major "$DB_VERSION")
  if [ "$major" -ge "$DB_JDK_WANTED" ] && [ -x "$1/bin/javac" ]; then
    DB_JAVA_HOME=$1
    return 0
  fi
  if [ "$major" -gt "$DB_OLD_MAJOR" ]; then
    DB_OLD_MAJOR=$major
    DB_OLD="$DB_VERSION in $1"
    [ -x "$1/bin/javac" ] || DB_OLD="$DB_OLD (a runtime without a compiler)"
  fi
  return 1
}

# The home of the java in PATH, with links followed; macOS has no readlink -f before 12.3.
db_java_in_path() {
  local java
  java=$(command -v java) || return 0
  while [ -L "$java" ]; do
    local to
    to=$(readlink "$java")
    case $to in
      /*) java=$to ;;
      *) java=$(dirname "$java")/$to ;;
    esac
  done
  (cd "$(dirname "$java")/.." && pwd -P) 2>/dev/null || true
}

db_jdk_places() {
  if [ -n "${DOORBELL_JDK_SEARCH+set}" ]; then
    printf '%s\n' "$DOORBELL_JDK_SEARCH" | tr ':' '\n'
    return
  fi
  local home=${HOME:-/nonexistent} place
  for place in /usr/lib/jvm/* /usr/lib64/jvm/* /usr/java/* /usr/local/openjdk* /opt/jdk* /opt/java/* \
    "${SDKMAN_DIR:-$home/.sdkman}"/candidates/java/* "$home"/.jdks/* "$home"/.asdf/installs/java/* \
    "$home"/.local/share/mise/installs/java/* "$home"/.jenv/versions/* \
    /Library/Java/JavaVirtualMachines/*/Contents/Home "$home"/Library/Java/JavaVirtualMachines/*/Contents/Home \
    /opt/homebrew/opt/openjdk*/libexec/openjdk.jdk/Contents/Home /usr/local/opt/openjdk*/libexec/openjdk.jdk/Contents/Home; do
    printf '%s\n' "$place"
  done
}

# Sets DB_JAVA_HOME, or ends with what was found and how to get what is needed.
db_find_jdk() {
  DB_OLD=
  DB_OLD_MAJOR=0
  ! db_try_jdk "${JAVA_HOME:-}" || return 0
  ! db_try_jdk "$(db_java_in_path)" || return 0
  local place
  while IFS= read -r place; do
    ! db_try_jdk "$place" || return 0
  done <<EOF
$(db_jdk_places)
EOF
  local found="no JDK was found"
  [ -z "$DB_OLD" ] || found="the newest found is $DB_OLD"
  db_die $DB_ENVIRONMENT "a JDK $DB_JDK_WANTED or later is needed, and $found. Get one from" \
    "https://adoptium.net/temurin/releases/?version=$DB_JDK_WANTED or with 'sdk install java $DB_JDK_WANTED-tem'," \
    "or name the one you have: JAVA_HOME=/path/to/jdk tools/$DB_NAME"
}

db_find_maven() {
  command -v mvn >/dev/null 2>&1 || db_die $DB_ENVIRONMENT \
    "Maven (mvn) is needed to build and is not in PATH. On Debian or Ubuntu: apt-get install maven; elsewhere: https://maven.apache.org/download.cgi"
}

# Whether something that is compiled is newer than the last build. Directories count: a deleted file touches its own.
db_stale() {
  [ -f "$DB_STAMP" ] || return 0
  local newer
  newer=$(find "$DB_ROOT/pom.xml" "$DB_ROOT"/*/pom.xml "$DB_ROOT"/stack/src/main "$DB_ROOT"/xdp/src/main \
    "$DB_ROOT"/tools/src/main -newer "$DB_STAMP" -print -quit)
  [ -n "$newer" ]
}

db_jars() {
  DB_CLASSPATH=
  local jar
  for jar in "$DB_TARGET"/doorbell-tools-*.jar "$DB_LIB"/*.jar; do
    [ -f "$jar" ] || return 1
    DB_CLASSPATH=${DB_CLASSPATH:+$DB_CLASSPATH:}$jar
  done
}

# Maven's output as a few lines for people.
db_progress() {
  local line fetching=
  while IFS= read -r line; do
    case $line in
      *"Downloading from"*)
        [ -n "$fetching" ] || db_say "  fetching what Maven needs (once)"
        fetching=yes
        ;;
      "[INFO] Building Doorbell "*)
        line=${line#"[INFO] Building "}
        db_say "  building ${line%% 0.*}"
        ;;
      *" compiler:"*":compile "* | *"-compiler-plugin:"*":compile "*) db_say "    compiling" ;;
    esac
  done
}

# Builds if needed, and sets DB_CLASSPATH. The lock lets a second command wait for the first one's build.
db_build() {
  if [ -n "${DOORBELL_CLASSPATH:-}" ]; then
    DB_CLASSPATH=$DOORBELL_CLASSPATH
    return
  fi
  if ! db_stale && db_jars; then
    return
  fi
  mkdir -p "$DB_TARGET" 2>/dev/null && [ -w "$DB_TARGET" ] || db_die $DB_ENVIRONMENT \
    "a build is needed and $DB_TARGET is not writable: run it as the owner of the clone, or change the owner"
  if command -v flock >/dev/null 2>&1; then
    exec 9> "$DB_TARGET/build.lock"
    flock 9
  fi
  if db_stale || ! db_jars; then
    db_run_build
  fi
  exec 9>&-
  db_jars || db_die 1 "the build left no jars in $DB_LIB: see $DB_LOG"
}

db_run_build() {
  db_find_maven
  db_say "Building Doorbell (log: $DB_LOG)"
  rm -rf "$DB_LIB" "$DB_STAMP" "$DB_TARGET"/*.aot* "$DB_TARGET"/doorbell-tools-*.jar
  : > "$DB_STAMP.new"
  local status=0
  (cd "$DB_ROOT" && JAVA_HOME=$DB_JAVA_HOME mvn -B -Dmaven.test.skip=true -pl tools -am package 9>&- < /dev/null 2>&1) \
    | tee "$DB_LOG" | db_progress || status=$?
  if [ "$status" -ne 0 ] || ! grep -q 'BUILD SUCCESS' "$DB_LOG"; then
    grep -m 5 '^\[ERROR\]' "$DB_LOG" >&2 || true
    db_die 1 "the build failed: the whole log is in $DB_LOG"
  fi
  mv "$DB_STAMP.new" "$DB_STAMP"
}

# Prepares $1.aot, which lets a main class start faster, by a short run of class $2, with the rest as its arguments, that
# shows what is used. Only a help: without it everything works, a little later.
db_train() {
  local cache=$DB_TARGET/$1.aot main=$2
  shift 2
  if [ -n "${DOORBELL_CLASSPATH:-}" ] || [ -e "$cache" ] || [ -e "$cache.failed" ] || [ ! -w "$DB_TARGET" ]; then
    return 0
  fi
  db_say "  preparing a fast start"
  local limit=
  ! command -v timeout >/dev/null 2>&1 || limit="timeout -k 5 60"
  if ! $limit "$DB_JAVA_HOME/bin/java" --enable-native-access=ALL-UNNAMED "-XX:AOTCacheOutput=$cache.new" \
    -cp "$DB_CLASSPATH" "$main" "$@" > "$DB_TARGET/train.log" 2>&1 < /dev/null; then
    rm -f "$cache.new"
    : > "$cache.failed"
    return 0
  fi
  [ ! -f "$cache.new" ] || mv "$cache.new" "$cache"
}

# Starts main class $1 in place of this shell, so that signals reach it. DB_JVM may hold more options for the JVM,
# DB_AOT the name of a cache that db_train prepared, DB_NICE how far it gives way to other processes.
db_exec() {
  local main=$1 nice=
  shift
  [ -z "${DB_NICE:-}" ] || ! command -v nice >/dev/null 2>&1 || nice="nice -n $DB_NICE"
  local options="--enable-native-access=ALL-UNNAMED ${DB_JVM:-}"
  # The place of a closed standard stream would be taken by the next file that the JVM opens, and what is printed would
  # go there. Opened to read, it refuses what is printed.
  [ -e /dev/fd/0 ] || exec < /dev/null
  [ -e /dev/fd/1 ] || exec 1< /dev/null
  [ -e /dev/fd/2 ] || exec 2< /dev/null
  if [ -n "${DB_AOT:-}" ] && [ -f "$DB_TARGET/$DB_AOT.aot" ]; then
    # A cache of another JDK is not used, and that is nothing to report.
    exec $nice "$DB_JAVA_HOME/bin/java" $options "-XX:AOTCache=$DB_TARGET/$DB_AOT.aot" -Xlog:aot=off -Xlog:cds=off \
      -cp "$DB_CLASSPATH" "$main" "$@"
  fi
  exec $nice "$DB_JAVA_HOME/bin/java" $options -cp "$DB_CLASSPATH" "$main" "$@"
}

db_is_root() {
  [ "$(id -u)" -eq 0 ]
}

db_has_libxdp() {
  local file
  for file in /usr/lib/*/libxdp.so.1 /lib/*/libxdp.so.1 /usr/lib64/libxdp.so.1 /usr/lib/libxdp.so.1 \
    /usr/local/lib/libxdp.so.1 /usr/local/lib64/libxdp.so.1; do
    [ ! -e "$file" ] || return 0
  done
  return 1
}

db_has_command() {
  command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ] || [ -x "/sbin/$1" ]
}

# Which of the Debian packages $@ are missing, judged by what they bring.
db_missing() {
  local package
  for package in "$@"; do
    case $package in
      libxdp1) db_has_libxdp || printf '%s ' libxdp1 ;;
      iproute2) db_has_command ip || printf '%s ' iproute2 ;;
      *) db_has_command "$package" || printf '%s ' "$package" ;;
    esac
  done
}

# How to install Debian packages $@ on this machine, for people.
db_how_to_install() {
  local names="$*"
  if command -v apt-get >/dev/null 2>&1; then
    printf 'sudo apt-get install %s' "$names"
  elif command -v dnf >/dev/null 2>&1; then
    names=${names/libxdp1/libxdp}
    names=${names/tshark/wireshark-cli}
    printf 'sudo dnf install %s' "${names/iproute2/iproute}"
  elif command -v pacman >/dev/null 2>&1; then
    names=${names/tshark/wireshark-cli}
    printf 'sudo pacman -S %s' "${names/libxdp1/libxdp}"
  elif command -v apk >/dev/null 2>&1; then
    printf 'sudo apk add %s' "${names/libxdp1/libxdp}"
  elif command -v zypper >/dev/null 2>&1; then
    printf 'sudo zypper install %s' "$names"
  else
    printf 'by your system'"'"'s package manager; Debian calls them %s' "$names"
  fi
}

db_is_debian() {
  command -v apt-get >/dev/null 2>&1 && grep -Eqi '^ID(_LIKE)?=.*(debian|ubuntu)' /etc/os-release 2>/dev/null
}

# Sees to it that the Debian packages $@ are there: installs them as root on Debian or Ubuntu, otherwise ends with what
# is missing and how to get it.
db_need() {
  local missing log
  missing=$(db_missing "$@")
  missing=${missing% }
  [ -n "$missing" ] || return 0
  if ! db_is_root || ! db_is_debian; then
    db_die $DB_ENVIRONMENT "missing: $missing. To get it: $(db_how_to_install $missing)"
  fi
  db_say "Installing what is missing: $missing"
  log=$(mktemp "${TMPDIR:-/tmp}/doorbell-apt.XXXXXX")
  export DEBIAN_FRONTEND=noninteractive
  if apt-get -o DPkg::Lock::Timeout=120 -q -y update > "$log" 2>&1 < /dev/null; then :; fi
  if ! apt-get -o DPkg::Lock::Timeout=120 -q -y --no-install-recommends install $missing >> "$log" 2>&1 < /dev/null; then
    db_die $DB_ENVIRONMENT "apt-get could not install $missing: see $log"
  fi
  rm -f "$log"
}
