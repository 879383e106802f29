#!/usr/bin/env node
import '../dist/kdr-plugins.js';
