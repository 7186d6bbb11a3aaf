package main

import "net/http"

func kusto(h *http.Client, address, token string) {}
