package server

func (s *Server) kusto() {}
