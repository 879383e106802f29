console.log('kdr')
