import './tokens.css'
import './cells.css'
import './strip.css'

import { mount } from 'svelte'

import App from './App.svelte'

mount(App, { target: document.getElementById('atlas')! })
