/** Line icons on a 20 × 20 grid. They only repeat the text beside them. */
const paths = {
  bell: 'M10 2.5a1 1 0 0 1 1 1v.6a4.5 4.5 0 0 1 3.5 4.4v2.7l1.5 2.3H4l1.5-2.3V8.5A4.5 4.5 0 0 1 9 4.1v-.6a1 1 0 0 1 1-1ZM8.3 16a1.8 1.8 0 0 0 3.4 0',
  plus: 'M10 4v12M4 10h12',
  person: 'M10 10a3.2 3.2 0 1 0 0-6.4A3.2 3.2 0 0 0 10 10ZM4 16.5c.6-2.7 3-4 6-4s5.4 1.3 6 4',
  warning: 'M10 3.5 17.5 16h-15L10 3.5ZM10 8.5v3.5M10 14v.2',
  check: 'm4.5 10.5 3.5 3.5 7.5-8',
  cross: 'm5.5 5.5 9 9M14.5 5.5l-9 9',
  clock: 'M10 17a7 7 0 1 0 0-14 7 7 0 0 0 0 14ZM10 6v4l2.5 2',
  hourglass: 'M6 3h8M6 17h8M7 3v3l3 4-3 4v3M13 3v3l-3 4 3 4v3',
  play: 'M7 4.5v11l8-5.5-8-5.5Z',
  bolt: 'M11 3 5 11.5h4.5L9 17l6-8.5h-4.5L11 3Z',
  pause: 'M7.5 5v10M12.5 5v10',
  stop: 'M10 17a7 7 0 1 0 0-14 7 7 0 0 0 0 14ZM5.2 14.8l9.6-9.6',
  retry: 'M15.5 6.5A6.5 6.5 0 1 0 16.5 10M16 3v3.8h-3.8',
  pencil: 'M4 16l.8-3.2L13 4.5l2.5 2.5-8.3 8.2L4 16Z',
  trash: 'M4.5 6h11M8 6V4h4v2M6 6l.7 10h6.6L14 6',
  copy: 'M7.5 7.5V4.5h8v8h-3M4.5 7.5h8v8h-8v-8Z',
  external: 'M8 5H5v10h10v-3M11 4.5h4.5V9M15 5l-6 6',
  filter: 'M3.5 5h13l-5 6v4.5l-3-1.5v-3l-5-6Z',
  left: 'm12 5-5 5 5 5',
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false">
      <path d={paths[name]} />
    </svg>
  );
}
