module kdr.dev/test/pause

go 1.19
