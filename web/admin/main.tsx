import { render } from 'preact';
import '../shared/theme.css';

function Console() {
  return (
    <main>
      <h1>Console</h1>
    </main>
  );
}

render(<Console />, document.getElementById('page')!);
