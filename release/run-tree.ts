// Runs commands in a tree that was laid out, as an engine would run them in the image: as the image's user, with nothing
// to write to. As root on Linux they see a file system of their own, in which the tree stands at the root, read-only,
// over the system libraries of this machine. Else the tree is closed to writing and paths lead into its folder.
import { type ChildProcess, type StdioOptions, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { finish } from './finish.ts'
import { environmentIn, type ImageTree } from './lay-out.ts'

export interface RunOptions {
  /** `CMD` of the image without it. */
  command?: readonly string[]
  /** All that the command gets beside the image's own ENV. */
  env?: Readonly<Record<string, string>>
  /** Folders of this machine that it may read too, at the same paths, such as one with mounted secrets. */
  readable?: readonly string[]
  stdio?: StdioOptions
}

/** `namespace`: a file system of its own; `user`: the image's user in the folder; `self`: as whoever runs this. */
export type Confinement = 'namespace' | 'user' | 'self'

// Bind mounts only, all of them read-only. What a program writes goes nowhere: there is not even a /tmp.
const ENTER = `
set -e
root=$1 tree=$2 node=$3 workdir=$4 uid=$5 gid=$6 readable=$7; shift 7
bind() { mkdir -p "$root$2"; mount --rbind "$1" "$root$2"; mount -o remount,bind,ro "$root$2"; }
mount --make-rprivate /
mount -t tmpfs -o mode=0755 image "$root"
for name in bin sbin lib lib32 lib64 libx32; do
  if [ -L "/$name" ]; then ln -s "$(readlink "/$name")" "$root/$name"; elif [ -d "/$name" ]; then bind "/$name" "/$name"; fi
done
for name in usr etc proc dev; do bind "/$name" "/$name"; done
mount -t tmpfs -o mode=0755 runtime "$root/usr/local"
mkdir "$root/usr/local/bin"
touch "$root/usr/local/bin/node"
mount --bind "$node" "$root/usr/local/bin/node"
mount -o remount,ro "$root/usr/local"
bind "$tree$workdir" "$workdir"
printf '%s\\n' "$readable" | while read -r folder; do [ -z "$folder" ] || bind "$folder" "$folder"; done
mount -o remount,ro "$root"
exec chroot "$root" setpriv --reuid="$uid" --regid="$gid" --clear-groups --no-new-privs --bounding-set=-all \\
  sh -c 'cd "$0" && exec "$@"' "$workdir" "$@"
`

/** How far a command can be confined here. */
export function confinement(): Confinement {
  if (process.getuid?.() !== 0) return 'self'
  const tried = spawnSync('unshare', [
    '--mount',
    'sh',
    '-c',
    'mount --make-rprivate / && mount -t tmpfs try /mnt && setpriv true',
  ])
  return tried.status === 0 ? 'namespace' : 'user'
}

/** Takes the right to write from everybody, as in an image whose root is read-only and owned by another user. */
export async function close(tree: ImageTree): Promise<void> {
  await finish(spawn('chmod', ['-R', 'a-w', tree.folder]))
}

/** Gives it back, so that the folder can be removed. */
export async function reopen(tree: ImageTree): Promise<void> {
  await finish(spawn('chmod', ['-R', 'u+w', tree.folder]))
}

/** Starts a command in a tree that `close` has closed. */
export function runInTree(tree: ImageTree, options: RunOptions = {}, how: Confinement = confinement()): ChildProcess {
  const { command = tree.command, env = {}, readable = [], stdio = ['ignore', 'pipe', 'pipe'] } = options
  const { uid, gid } = tree.user
  if (how === 'namespace') {
    const root = mkdtempSync(join(dirname(tree.node), 'root-'))
    const places = [root, tree.folder, tree.node, tree.workdir, String(uid), String(gid), readable.join('\n')]
    const path = '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin'
    return spawn('unshare', ['--mount', 'sh', '-c', ENTER, 'enter', ...places, ...command], {
      env: { PATH: path, ...tree.env, ...env },
      stdio,
    })
  }
  const [program = '', ...args] = command
  return spawn(program === 'node' ? tree.node : program, args, {
    cwd: join(tree.folder, tree.workdir),
    env: { PATH: `${dirname(tree.node)}:/usr/bin:/bin`, ...environmentIn(tree), ...env },
    stdio,
    ...(how === 'user' ? { uid, gid } : {}),
  })
}
