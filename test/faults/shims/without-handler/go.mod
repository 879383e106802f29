module kdr.dev/faults/without-handler

go 1.13
