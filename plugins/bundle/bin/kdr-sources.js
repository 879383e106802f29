#!/usr/bin/env node
import '../dist/kdr-sources.js';
