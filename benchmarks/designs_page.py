def write_docs(a,b): raise NotImplementedError
