// What Grafana's own library makes of frames: node displays.cjs FOLDER < frames.json > displays.json
//
// FOLDER has node_modules with @grafana/data and jsdom. Each frame comes with its panel's fieldConfig; for both themes go out, per
// field, its name as shown and per row the text and the colour.
const path = require('path');
const modules = path.join(path.resolve(process.argv[2]), 'node_modules');
const { JSDOM } = require(path.join(modules, 'jsdom'));
const { window } = new JSDOM('', { url: 'http://grafana/' });
for (const name of ['document', 'localStorage', 'Element', 'HTMLElement', 'Node', 'DOMParser', 'navigator']) {
  global[name] = window[name];
}
global.window = window;
const grafana = require(path.join(modules, '@grafana/data'));

// a panel's own editor registers its options; without it, each is taken as the board says it
const STANDARD = ['unit', 'min', 'max', 'decimals', 'displayName', 'noValue', 'color', 'thresholds', 'mappings', 'links'];
const OWN = ['cellOptions', 'hidden', 'lineStyle', 'lineWidth', 'showPoints', 'spanNulls', 'insertNulls', 'width'];
const options = new grafana.FieldConfigOptionsRegistry();
for (const [names, isCustom] of [[STANDARD, false], [OWN, true]]) {
  for (const name of names) {
    options.register({
      id: isCustom ? 'custom.' + name : name, path: name, name, description: '', isCustom,
      editor: () => null, override: () => null, process: (value) => value, shouldApply: () => true,
    });
  }
}

function shown(frame, mode) {
  const theme = grafana.createTheme({ colors: { mode } });
  const data = [grafana.toDataFrame(frame.frame)];
  const [made] = grafana.applyFieldOverrides({
    data, fieldConfig: frame.fieldConfig, fieldConfigRegistry: options, theme, timeZone: frame.timeZone,
    replaceVariables: (text) => text,
  });
  return made.fields.map((field) => ({
    name: grafana.getFieldDisplayName(field, made, [made]),
    cells: field.config.custom?.hidden ? null : field.values.map((value) => {
      const display = field.display(value);
      return { text: grafana.formattedValueToString(display), color: display.color ?? null };
    }),
    links: (field.config.links ?? []).map((link) => link.url),
    fixed: field.config.color?.fixedColor ?? null,
  }));
}

const frames = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const out = frames.map((frame) => ({ light: shown(frame, 'light'), dark: shown(frame, 'dark') }));
process.stdout.write(JSON.stringify(out));
