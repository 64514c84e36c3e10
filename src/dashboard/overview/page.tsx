import { useTitle } from '../parts/title.ts';

export function OverviewPage() {
  useTitle('Overview');
  return (
    <section class="page">
      <h1 tabIndex={-1}>Overview</h1>
    </section>
  );
}
