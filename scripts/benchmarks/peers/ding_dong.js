// ding-dong (npm): a FastAGI server. Arguments: host, port, folder with its node_modules.
'use strict';
const [host, port, home] = process.argv.slice(2);
const AGIServer = require(`${home}/node_modules/ding-dong`);

const server = new AGIServer((call) => {
  call.on('error', () => {}); // else a caller who hangs up in a command ends all calls
  call.onEvent('variables')
    .then(() => call.getOption('l110/menu', '2', 2000))
    // "50 endpos=16000"; a NUL in a command would make Asterisk wait for its end for ever
    .then((heard) => parseInt(heard.result, 10))
    .then((key) => key > 0 && call.setVariable('PEER_KEY', String.fromCharCode(key)))
    .then(() => call.end())
    .catch(() => call.end());
}, { host, port: Number(port) });
server.start();
