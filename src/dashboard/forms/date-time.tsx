import { useMemo, useState } from 'preact/hooks';
import { useDashboard } from '../dashboard.ts';
import { duration, exactTime, relative } from '../format.ts';
import { FieldGroup, LabelledField } from './field.tsx';
import { caveatOf, inZone, isChosen, momentOf, shortcuts, type When } from './when.ts';
import { allZones, localTime, viewerZone } from './zone.ts';

export interface DateTimeFieldProps {
  value: When;
  onChange: (when: When) => void;
  label: string;
  /** What sending the form does to the task, as a past participle: “created”. */
  sent: string;
  /** Whether the form can no longer be sent. */
  isMoot?: boolean;
  errors?: readonly string[] | undefined;
}

/** Input for the time of a task: a local time in a time zone, or a delay from when the form is sent. */
export function DateTimeField({
  value,
  onChange,
  label,
  sent,
  isMoot = false,
  errors = [],
}: DateTimeFieldProps) {
  const { clock } = useDashboard();
  const now = clock.now.value;
  return (
    <FieldGroup label={label}>
      <div class="actions">
        {shortcuts.map((shortcut) => (
          <button
            key={shortcut.label}
            type="button"
            class="small choice"
            aria-pressed={isChosen(shortcut, value, now)}
            onClick={() => onChange(shortcut.apply(value, clock.now.peek()))}
          >
            {shortcut.label}
          </button>
        ))}
      </div>
      <div class="field-row">
        <LocalInput value={value} onChange={onChange} errors={errors} />
        <ZoneSelect zone={value.zone} onChange={(zone) => onChange(inZone(value, zone, clock.now.peek()))} />
      </div>
      {!isMoot && <InWords when={value} now={now} sent={sent} isRejected={errors.length > 0} />}
    </FieldGroup>
  );
}

function LocalInput({ value, onChange, errors }: Omit<DateTimeFieldProps, 'label' | 'sent' | 'isMoot'>) {
  const { clock } = useDashboard();
  // A time that moves with the clock is held still while the input has the focus.
  const [held, setHeld] = useState<string>();
  const moment = value.kind === 'in' ? momentOf(value, clock.now.value) : undefined;
  const shown = value.kind === 'at' ? value.local : (held ?? localTime(moment?.at ?? 0, value.zone));
  return (
    <LabelledField label="Date and time" errors={errors}>
      {(tied) => (
        <input
          {...tied}
          type="datetime-local"
          step="1"
          max="9999-12-31T23:59:59"
          value={shown}
          onFocus={() => setHeld(shown)}
          onBlur={() => setHeld(undefined)}
          onInput={({ currentTarget }) =>
            onChange({
              kind: 'at',
              local: currentTarget.value,
              zone: value.zone,
              chosenAt: clock.now.peek(),
            })
          }
        />
      )}
    </LabelledField>
  );
}

function ZoneSelect({ zone, onChange }: { zone: string; onChange: (zone: string) => void }) {
  const [zones, first] = useMemo(() => [allZones(), [...new Set([viewerZone(), 'UTC'])]], []);
  const option = (name: string) => (
    <option key={name} value={name}>
      {name.replaceAll('_', ' ')}
    </option>
  );
  return (
    <LabelledField label="Time zone">
      {(tied) => (
        <select {...tied} value={zone} onChange={({ currentTarget }) => onChange(currentTarget.value)}>
          <optgroup label="Your time zone and UTC">{first.map(option)}</optgroup>
          <optgroup label="All time zones">
            {zones.filter((name) => !first.includes(name)).map(option)}
          </optgroup>
        </select>
      )}
    </LabelledField>
  );
}

/** Shows the chosen instant as a distance from now, in the viewer's time zone and in UTC. */
function InWords({
  when,
  now,
  sent,
  isRejected,
}: {
  when: When;
  now: number;
  sent: string;
  isRejected: boolean;
}) {
  const moment = momentOf(when, now);
  // The error beside the field already says what is wrong.
  const caveat = isRejected ? undefined : caveatOf(when, now);
  return (
    <div class="when-words">
      {moment && <Instant at={moment.at} when={when} now={now} sent={sent} />}
      <div role="status">{caveat !== undefined && <p class="when-caveat">{caveat}</p>}</div>
    </div>
  );
}

function Instant({ at, when, now, sent }: { at: number; when: When; now: number; sent: string }) {
  // There is no instant yet, and a ticking clock here would be useless.
  if (when.kind === 'in' && when.seconds === 0) {
    return (
      <p class="quiet">
        <strong>Runs as soon as it is {sent}</strong>
      </p>
    );
  }
  const iso = new Date(at).toISOString();
  const away =
    when.kind === 'in'
      ? `${duration(when.seconds * 1000, { whole: true })} after it is ${sent}`
      : relative(at, now);
  const isElsewhere = when.zone !== viewerZone() && when.zone !== 'UTC';
  return (
    <p class="quiet">
      <strong>{away}</strong> ·{' '}
      {isElsewhere && (
        <>{`${localTime(at, when.zone).replace('T', ' ')} in ${when.zone.replaceAll('_', ' ')}`} · </>
      )}
      <time dateTime={iso}>{exactTime(iso)}</time>
    </p>
  );
}
