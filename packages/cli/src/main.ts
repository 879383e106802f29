console.log('kdr');
