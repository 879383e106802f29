import { lstat, mkdir, unlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { KdrError } from '@kdr/api-types';

/** sun_path is 108 bytes with its final NUL (unix(7)); a longer path would be cut without a word. */
const MAX_PATH_BYTES = 107;

function unusable(path: string, why: string): KdrError {
  return new KdrError('KDR_SOCKET_UNUSABLE', `${path}: ${why}`);
}

function somebodyListens(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') resolve(false);
      else reject(unusable(path, error.message));
    });
  });
}

/** Makes way for a socket: its directory, and no left-over of a process that is gone. @throws KdrError KDR_SOCKET_UNUSABLE */
export async function prepareSocketPath(path: string): Promise<void> {
  const bytes = Buffer.byteLength(path);
  if (bytes > MAX_PATH_BYTES) throw unusable(path, `${bytes} bytes; a socket’s path has ${MAX_PATH_BYTES} at most`);
  await mkdir(dirname(path), { recursive: true });
  const found = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  if (found === undefined) return;
  if (!found.isSocket()) throw unusable(path, 'something else than a socket lies there');
  if (await somebodyListens(path)) throw unusable(path, 'another process listens there');
  await unlink(path);
}
