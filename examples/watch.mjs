import { WebSocket } from 'ws';

const [url, token, id] = process.argv.slice(2);
const socket = new WebSocket(`${url.replace('http', 'ws')}/ws/tasks/${id}/`, {
  headers: { Authorization: `Bearer ${token}` },
});
socket.on('message', (text) => {
  const { status, waiting, progress, result } = JSON.parse(text);
  console.log(status, waiting ?? progress ?? result ?? '');
});
