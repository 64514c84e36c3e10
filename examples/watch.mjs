// Prints every change of a task. Doesn't end by itself, since an ended task can be retried: stop it with Ctrl-C.
import { WebSocket } from 'ws';

const [url, token, id] = process.argv.slice(2);
const socket = new WebSocket(`${url.replace('http', 'ws')}/ws/tasks/${id}/`, {
  headers: { Authorization: `Bearer ${token}` },
});
socket.on('message', (text) => {
  const { status, waiting, progress, result } = JSON.parse(text);
  console.log(status, waiting ?? progress ?? result ?? '');
});
// Without this handler, a rejected upgrade (401, 404) would end the process with a stack trace.
socket.on('error', ({ message }) => console.error(message));
socket.on('close', (code, reason) => {
  console.error('Closed:', code, reason.toString());
  process.exitCode = 1;
});
