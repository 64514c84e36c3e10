import 'modern-normalize/modern-normalize.css';
import 'uplot/dist/uPlot.min.css';
import './styles/tokens.css';
import './styles/base.css';
import './styles/layout.css';
import './styles/parts.css';
import './styles/tasks.css';
import './styles/task.css';
import './styles/forms.css';
import './styles/overview.css';
import { render } from 'preact';
import { App } from './app.tsx';
import { createShell } from './dashboard.ts';

const root = document.getElementById('app');
if (root) render(<App shell={createShell(window)} />, root);
