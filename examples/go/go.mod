module kilat.example/daemon

go 1.18
